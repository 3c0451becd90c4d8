"""Cures of what comes to us, and of our own clock: R14, R15 and R16."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_HEAR = "connectors/slack/listening.py"
_SOCKETS = "tests/contract/test_slack_sockets.py"
_WEBHOOKS = "tests/contract/test_hubspot_webhooks.py"
_OURS = "tests/contract/test_pitfalls_slack.py"
_CLOCK = "worker/schedule.py"
_SCHEDULE = "tests/unit/test_schedule.py"

MUTANTS = (
    Mutant(
        pitfall="R14",
        cure="a signature from ahead of our time is refused, too",
        file="connectors/hubspot/webhooks.py",
        old="    apart = abs(now.timestamp() - int(timestamp) / 1000)",
        new="    apart = now.timestamp() - int(timestamp) / 1000",
        tests=(f"{_WEBHOOKS}::test_a_time_too_far_from_ours_either_way_is_refused",),
    ),
    Mutant(
        pitfall="R14",
        cure="a call without a good signature is refused",
        file="connectors/hubspot/webhooks.py",
        old="    if not hmac.compare_digest(wanted.encode(), given.encode()):",
        new="    if not hmac.compare_digest(wanted.encode(), wanted.encode()):",
        tests=(f"{_WEBHOOKS}::test_a_call_that_differs_in_anything_is_refused",),
    ),
    Mutant(
        pitfall="R14",
        cure="a hint brings a read forward, and stops no poll",
        file="worker/hints.py",
        old="            if tx.conn.execute(mine.values(next_at=now)).rowcount == 1:",
        new="            later = now + timedelta(days=999)\n"
        "            if tx.conn.execute(mine.values(next_at=later)).rowcount == 1:",
        tests=("tests/contract/test_hints.py::test_r14_what_was_hinted_at_is_polled_all_the_same",),
    ),
    Mutant(
        pitfall="R15",
        cure="a press is acknowledged first",
        file=_HEAR,
        old="        client.send_socket_mode_response("
        "SocketModeResponse(envelope_id=request.envelope_id))\n"
        '        if request.type != "interactive":\n'
        "            return\n"
        "        press = read_press(request.payload)\n"
        "        if press is None:\n"
        '            log.info("slack interaction that is not one of our buttons")\n'
        "        elif self._first_time(press.press_id):\n"
        "            self._heard(press)\n",
        new="        press = read_press(request.payload)\n"
        "        if press is not None and self._first_time(press.press_id):\n"
        "            self._heard(press)\n"
        "        client.send_socket_mode_response("
        "SocketModeResponse(envelope_id=request.envelope_id))\n",
        tests=(f"{_OURS}::test_r15_a_press_is_acknowledged_before_it_is_worked_on",),
    ),
    Mutant(
        pitfall="R15",
        cure="a press that is told again is handled once",
        file=_HEAR,
        old="            if press_id in self._seen:\n                return False\n",
        new="",
        tests=(f"{_SOCKETS}::test_a_press_that_slack_tells_again_is_handled_once",),
    ),
    Mutant(
        pitfall="R15",
        cure="a socket without a sign of life is given up",
        file=_HEAR,
        old="return failing or self._silent() > self._settings.stale_seconds",
        new="return failing",
        tests=(f"{_SOCKETS}::test_a_socket_that_only_looks_connected_is_replaced",),
    ),
    Mutant(
        pitfall="R15",
        cure="a connection that failed is tried again",
        file=_HEAR,
        old="            if self._client is None:\n                self._connect()\n",
        new="            if self._client is None and not self._problem:\n"
        "                self._connect()\n"
        "            elif self._client is None:\n"
        "                pass\n",
        tests=(f"{_SOCKETS}::test_listening_begins_as_soon_as_slack_can_be_reached",),
    ),
    Mutant(
        pitfall="R15",
        cure="health tells the age of the last sign of life",
        file=_HEAR,
        old='            "silent_seconds": round(self._silent(), 1),',
        new='            "silent_seconds": 0.0,',
        tests=(f"{_OURS}::test_r15_health_tells_for_how_long_the_socket_was_silent",),
    ),
    Mutant(
        pitfall="R16",
        cure="a late run is made, not dropped",
        file=_CLOCK,
        old='"misfire_grace_time": None',
        new='"misfire_grace_time": 1',
        tests=(f"{_SCHEDULE}::test_r16_a_job_that_waited_for_a_thread_is_late_and_not_dropped",),
    ),
    Mutant(
        pitfall="R16",
        cure="a job runs once at a time",
        file=_CLOCK,
        old='"max_instances": 1}',
        new='"max_instances": 3}',
        tests=(f"{_SCHEDULE}::test_a_stuck_job_shows_as_late_and_keeps_no_other_waiting",),
    ),
    Mutant(
        pitfall="R16",
        cure="a stuck job leaves the others a thread",
        file=_CLOCK,
        old="ThreadPoolExecutor(6)",
        new="ThreadPoolExecutor(1)",
        tests=(f"{_SCHEDULE}::test_a_stuck_job_shows_as_late_and_keeps_no_other_waiting",),
    ),
    Mutant(
        pitfall="R16",
        cure="the age of the last finished run is watched",
        file=_CLOCK,
        old="        late = age > max(3 * self.every, self.every + self.late_after)",
        new="        late = False",
        tests=(
            f"{_SCHEDULE}::test_a_stuck_job_shows_as_late_and_keeps_no_other_waiting",
            "tests/contract/test_web_health.py::test_a_clock_job_that_is_stuck_shows",
        ),
    ),
    Mutant(
        pitfall="R16",
        cure="what the scheduler could not run is heard",
        file=_CLOCK,
        old="        self._scheduler.add_listener(self._report, "
        "EVENT_JOB_ERROR | EVENT_JOB_MISSED)\n",
        new="",
        tests=(f"{_SCHEDULE}::test_r16_a_job_that_ends_its_thread_is_logged_shown_and_run_again",),
    ),
    Mutant(
        pitfall="R16",
        cure="syncs have threads of their own",
        file="worker/dispatch/in_process.py",
        old="pool = self._slow_pool if ask.job in self._slow else self._fast_pool",
        new="pool = self._fast_pool",
        tests=(
            "tests/contract/test_dispatch.py::test_slow_jobs_leave_the_threads_to_the_fast_ones",
        ),
    ),
)
