"""Cures of calls: R6, R7, R9, R12 and R13."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SF = "connectors/salesforce"
_HS = "connectors/hubspot"
_CLIENT = "tests/contract/test_salesforce_client.py"
_BULK = "tests/contract/test_salesforce_bulk.py"
_TASKS = "tests/contract/test_hubspot_tasks.py"
_LOGIN = "tests/contract/test_hubspot_login.py"
_WATCH = "tests/contract/test_watchfulness.py"
_OURS = "tests/contract/test_pitfalls"
_LIBRARIES = "tests/unit/test_dependencies.py"

MUTANTS = (
    Mutant(
        pitfall="R6",
        cure="a POST that was throttled is made again",
        file=f"{_HS}/client.py",
        old="        allowed_methods=policy.allowed_methods,",
        new='        allowed_methods=frozenset({"GET"}),',
        tests=(
            f"{_OURS}_hubspot.py::test_r6_a_search_that_is_throttled_is_made_again",
            f"{_TASKS}::test_a_throttled_write_is_repeated_in_line",
            f"{_LOGIN}::test_a_throttled_log_in_waits_its_time_or_is_handed_on",
        ),
    ),
    Mutant(
        pitfall="R6",
        cure="a long pause is handed to the worker",
        file=f"{_HS}/client.py",
        old="if wait is not None and wait > self.backoff_max:",
        new="if wait is not None and wait > 86_400:",
        tests=(f"{_OURS}_hubspot.py::test_r6_a_read_hands_a_long_pause_to_the_worker",),
    ),
    Mutant(
        pitfall="R6",
        cure="a create that may have happened is not repeated",
        file=f"{_HS}/client.py",
        old="    RETRY_AFTER_STATUS_CODES = frozenset({429})",
        new="    RETRY_AFTER_STATUS_CODES = frozenset({429, 503})",
        tests=(f"{_TASKS}::test_a_failed_write_is_not_repeated_even_if_it_names_a_time",),
    ),
    Mutant(
        pitfall="R6",
        cure="all clients of an account share one pace",
        file=f"{_HS}/client.py",
        old="        if found is None:\n            found = _paces[key]",
        new="        if found is None or key:\n            found = _paces[key]",
        tests=(
            "tests/contract/test_hubspot_depth.py"
            "::test_r6_searches_of_all_clients_of_an_account_share_one_bucket",
        ),
    ),
    Mutant(
        pitfall="R6",
        cure="the limit of the day is told from that of a moment",
        file=f"{_SF}/client.py",
        old="                day_used_up=_used_up(self._usage),",
        new="                day_used_up=False,",
        tests=(f"{_CLIENT}::test_a_daily_limit_that_is_used_up_is_said_and_not_hammered",),
    ),
    Mutant(
        pitfall="R6",
        cure="too many calls at once are not the day's limit",
        file=f"{_SF}/client.py",
        old="                day_used_up=_used_up(self._usage),",
        new="                day_used_up=True,",
        tests=(f"{_CLIENT}::test_too_many_calls_at_once_are_not_the_day_s_limit",),
    ),
    Mutant(
        pitfall="R6",
        cure="polling pauses before the day is used up",
        file="worker/budget/governor.py",
        old="return state is not State.USED_UP if thing.noun in _URGENT "
        "else self._standing.plan.polls",
        new="return state is not State.USED_UP",
        tests=(f"{_WATCH}::test_the_budget_slows_pauses_and_goes_on_and_says_so",),
    ),
    Mutant(
        pitfall="R6",
        cure="without bulk jobs an object is read by pages",
        file=f"{_SF}/bulk.py",
        old='        raise NotOfferedError(f"no bulk job ({error})") from error',
        new="        raise",
        tests=(f"{_BULK}::test_an_org_that_offers_no_bulk_jobs_is_read_by_pages_with_a_note",),
    ),
    Mutant(
        pitfall="R6",
        cure="Slack's long pauses are handed to the worker",
        file="connectors/slack/client.py",
        old="return first.isdigit() and int(first) <= self._longest",
        new="return first.isdigit()",
        tests=(
            "tests/contract/test_slack_surface.py"
            "::test_a_read_gives_a_long_pause_back_to_the_worker",
        ),
    ),
    Mutant(
        pitfall="R7",
        cure="every call of the seam has a time limit",
        file="connectors/http.py",
        old='        kwargs["timeout"] = kwargs.get("timeout") or limits\n',
        new='        kwargs["timeout"] = kwargs.get("timeout") or (limits and None)\n',
        tests=(
            f"{_CLIENT}::test_a_server_that_does_not_answer_is_given_up_in_time",
            f"{_WATCH}::test_r7_no_read_of_a_crm_that_never_answers_lasts",
            f"{_OURS}_salesforce.py::test_r7_a_write_that_is_never_answered_is_given_up",
        ),
    ),
    Mutant(
        pitfall="R7",
        cure="every call of HubSpot's client has a time limit",
        file=f"{_HS}/client.py",
        old='            "_request_timeout": (http.connect_timeout, http.read_timeout),\n',
        new="",
        tests=(
            f"{_WATCH}::test_r7_no_read_of_a_crm_that_never_answers_lasts",
            f"{_OURS}_hubspot.py::test_r7_a_lost_connection_is_one_of_our_errors",
        ),
    ),
    Mutant(
        pitfall="R7",
        cure="what urllib3 raises is one of our errors",
        file=f"{_HS}/errors.py",
        old="    except urllib3.exceptions.HTTPError as error:",
        new="    except urllib3.exceptions.LocationParseError as error:",
        tests=(f"{_OURS}_hubspot.py::test_r7_a_lost_connection_is_one_of_our_errors",),
    ),
    Mutant(
        pitfall="R7",
        cure="API objects are made once, over one pool",
        file=f"{_HS}/client.py",
        old="            if key not in self._made:\n",
        new="            own = type(self._pool)(**self._pool.connection_pool_kw)\n"
        "            own.pool_classes_by_scheme = self._pool.pool_classes_by_scheme\n"
        "            self._pool = own\n"
        "            if key:\n",
        tests=(f"{_OURS}_hubspot.py::test_r7_twenty_reads_need_one_connection",),
    ),
    Mutant(
        pitfall="R7",
        cure="an admin is told of a mirror that fell silent",
        file="worker/watchdog.py",
        old='    if silent and budget["ok"]:',
        new='    if silent and not budget["ok"]:',
        tests=(f"{_WATCH}::test_a_silent_mirror_is_told_once_and_its_end_too",),
    ),
    Mutant(
        pitfall="R9",
        cure="settings take no password",
        file=f"{_SF}/settings.py",
        old="class SalesforceSettings(BaseModel):\n",
        new='class SalesforceSettings(BaseModel):\n    password: str = ""\n',
        tests=(f"{_CLIENT}::test_settings_that_cannot_be_right_are_refused",),
    ),
    Mutant(
        pitfall="R9",
        cure="the API version is a setting",
        file=f"{_SF}/client.py",
        old="            version=self._settings.api_version,\n",
        new="",
        tests=(f"{_OURS}_salesforce.py::test_r9_every_call_goes_to_the_version_of_the_settings",),
    ),
    Mutant(
        pitfall="R9",
        cure="doctor warns of a version that nears its end",
        file=f"{_SF}/checks.py",
        old="elif _release(newest) - _release(ours) >= SUPPORTED:",
        new="elif _release(newest) - _release(ours) >= 99 * SUPPORTED:",
        tests=(
            "tests/contract/test_doctor_salesforce.py"
            "::test_an_api_version_that_nears_its_end_is_told",
        ),
    ),
    Mutant(
        pitfall="R9",
        cure="HubSpot's API version is a setting",
        file=f"{_HS}/wire.py",
        old='    if "-" not in version:',
        new="    if version:",
        tests=(f"{_LOGIN}::test_one_setting_moves_every_call_to_a_dated_path",),
    ),
    Mutant(
        pitfall="R9",
        cure="of several threads one logs in",
        file=f"{_SF}/client.py",
        old="        with self._lock:\n            if self._live is None:\n"
        "                self._live = self._log_in()\n            return self._live\n",
        new="        live = self._live\n        if live is None:\n"
        "            live = self._live = self._log_in()\n        return live\n",
        tests=(f"{_CLIENT}::test_threads_whose_session_expires_together_log_in_once",),
    ),
    Mutant(
        pitfall="R9",
        cure="of several threads one renews the token",
        file=f"{_HS}/login.py",
        old="            if self._access is None or self._access == refused_token:\n"
        "                return self._renew()\n",
        new="            if self.renews or refused_token:\n                return self._renew()\n",
        tests=(f"{_LOGIN}::test_threads_whose_token_expires_together_renew_it_once",),
    ),
    Mutant(
        pitfall="R9",
        cure="a session that ended is renewed, whatever the 401 looks like",
        file=f"{_SF}/client.py",
        old="        except SalesforceExpiredSession:\n            self._forget(live)\n",
        new="        except SalesforceExpiredSession:\n            raise\n",
        tests=(
            f"{_CLIENT}::test_a_session_that_expires_between_pages_is_renewed",
            f"{_CLIENT}::test_a_401_of_any_shape_is_a_401",
        ),
    ),
    Mutant(
        pitfall="R9",
        cure="bulk results are asked for as every call is",
        file=f"{_SF}/client.py",
        old="                exception_handler(found)\n            return found\n\n"
        "        return self._call(ask)\n",
        new="                exception_handler(found)\n            return found\n\n"
        "        return ask(self._session().library)\n",
        tests=(f"{_BULK}::test_a_session_that_expires_between_two_pieces_is_renewed",),
    ),
    Mutant(
        pitfall="R12",
        cure="pages of Salesforce are made one at a time",
        file=f"{_SF}/crm.py",
        old="            yield from changed(reading, watermark)",
        new="            yield from list(changed(reading, watermark))",
        tests=(
            "tests/contract/test_salesforce_read.py"
            "::test_pages_are_made_one_at_a_time_and_none_is_larger_than_the_page_size",
        ),
    ),
    Mutant(
        pitfall="R12",
        cure="bulk results are read in pieces",
        file=f"{_SF}/bulk.py",
        old='        params = {"maxRecords": str(self.settings.bulk_page)}',
        new="        params: dict[str, str] = {}",
        tests=(f"{_BULK}::test_the_results_are_read_piece_by_piece_and_page_by_page",),
    ),
    Mutant(
        pitfall="R12",
        cure="pages of HubSpot are made one at a time",
        file=f"{_HS}/feeds.py",
        old="        for rows in self._grouped(feed, self._reader.listing(feed.kind, "
        "feed.properties)):",
        new="        for rows in list(self._grouped(feed, self._reader.listing(feed.kind, "
        "feed.properties))):",
        tests=(
            f"{_OURS}_hubspot.py::test_r12_the_first_page_is_there_before_the_others_are_asked_for",
        ),
    ),
    Mutant(
        pitfall="R12",
        cure="a CRM's client is imported on first use",
        file="worker/adapters.py",
        old="from pydantic import SecretStr\n",
        new="import hubspot\nimport simple_salesforce\nfrom pydantic import SecretStr\n",
        tests=(
            "tests/unit/test_imports.py::test_r12_a_worker_imports_the_client_of_its_own_crm_alone",
        ),
    ),
    Mutant(
        pitfall="R13",
        cure="urllib3 is bounded, and never the release that lacks getheaders",
        file="pyproject.toml",
        old='"urllib3>=2.5,!=2.6.0,<3"',
        new='"urllib3>=2.5"',
        tests=(
            f"{_LIBRARIES}::test_r13_the_release_that_broke_hubspot_s_client_is_never_installed",
            f"{_LIBRARIES}"
            "::test_r13_a_library_that_may_break_us_ends_before_its_next_great_version",
        ),
    ),
    Mutant(
        pitfall="R13",
        cure="every library is locked",
        file="requirements.lock",
        old="simple-salesforce==",
        new="simple-salesforce-of-before==",
        tests=(
            f"{_LIBRARIES}::test_r13_whatever_is_required_is_locked_to_a_version_that_is_allowed",
        ),
    ),
    Mutant(
        pitfall="R13",
        cure="the pool holds a connection for each thread",
        file=f"{_HS}/client.py",
        old='"maxsize": self._http.pool,',
        new='"maxsize": 1,',
        tests=(
            f"{_OURS}_hubspot.py"
            "::test_r13_as_many_threads_as_the_pool_holds_leave_no_word_in_the_log",
        ),
    ),
)
