"""Cures of reads: R1 to R5, R8, R10 and R11."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SF = "connectors/salesforce"
_HS = "connectors/hubspot"
_CHANGES = "tests/contract/test_salesforce_changes.py"
_DRIFT = "tests/contract/test_salesforce_drift.py"
_HUBSPOT = "tests/contract/test_hubspot_changes.py"
_MIRROR = "tests/contract/test_hubspot_mirror.py"
_MAPPING = "tests/contract/test_hubspot_mapping.py"
_OURS = "tests/contract/test_pitfalls"

MUTANTS = (
    Mutant(
        pitfall="R1",
        cure="a read goes back behind the watermark",
        file=f"{_SF}/reading.py",
        old="return mark.until - timedelta(minutes=settings.overlap_minutes)",
        new="return mark.until",
        tests=(f"{_CHANGES}::test_a_commit_that_becomes_visible_late_is_caught_by_the_overlap",),
    ),
    Mutant(
        pitfall="R1",
        cure="the watermark stays behind the org's clock",
        file=f"{_SF}/reading.py",
        old="    until -= timedelta(seconds=reading.settings.behind_seconds)\n",
        new="",
        tests=(f"{_CHANGES}::test_the_watermark_stays_behind_the_org_s_clock",),
    ),
    Mutant(
        pitfall="R1",
        cure="pages go on behind (stamp, id)",
        file=f"{_SF}/queries.py",
        old='f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {last}))"',
        new='f"(SystemModstamp > {stamp} AND Id != {last})"',
        tests=(
            f"{_CHANGES}::test_a_bulk_edit_with_one_stamp_over_several_pages_is_read_whole_and_once",
        ),
    ),
    Mutant(
        pitfall="R1",
        cure="a place that was reached before is an error",
        file=f"{_SF}/queries.py",
        old="if before == (stamp, record_id):",
        new="if before is not None and not record_id:",
        tests=(f"{_OURS}_salesforce.py::test_r1_a_page_that_comes_again_is_an_error_and_no_loop",),
    ),
    Mutant(
        pitfall="R1",
        cure="what changed after the first answer is left to the next read",
        file=f"{_SF}/reading.py",
        old="found.full and place is not None and bool(found.rows) and place[0] <= answered",
        new="found.full and place is not None and bool(found.rows)",
        tests=(
            f"{_CHANGES}"
            "::test_records_that_change_while_they_are_read_are_neither_lost_nor_endless",
        ),
    ),
    Mutant(
        pitfall="R1",
        cure="only the org's word makes a page the last",
        file=f"{_SF}/queries.py",
        old='full = len(rows) >= size or not first["done"]',
        new="full = len(rows) >= size",
        tests=(f"{_CHANGES}::test_short_pages_of_the_org_lose_nothing",),
    ),
    Mutant(
        pitfall="R1",
        cure="a watermark comes with the last page only",
        file=f"{_SF}/reading.py",
        old="watermark=None if more else next_mark.write(),",
        new="watermark=next_mark.write(),",
        tests=(f"{_CHANGES}::test_short_pages_of_the_org_lose_nothing",),
    ),
    Mutant(
        pitfall="R1",
        cure="a read that broke off keeps the watermark of before",
        file="worker/sync.py",
        old="            _keep(ctx, thing, page, read)\n            records +=",
        new="            if page.records:\n"
        "                with ctx.store.write() as tx:\n"
        '                    release_in(tx, WATERMARK, thing.name, read, mark="{}")\n'
        "            _keep(ctx, thing, page, read)\n            records +=",
        tests=(
            "tests/fuzz/test_mirror_converges_deaths.py"
            "::test_wherever_a_sync_dies_the_watermark_stays_and_the_next_one_brings_everything",
        ),
    ),
    Mutant(
        pitfall="R1",
        cure="a reconcile takes away what it did not see",
        file="worker/reconcile.py",
        old="    drift.extra += take_away_unseen(ctx, DRIFT, thing, read, since)\n",
        new="",
        tests=(
            "tests/fuzz/test_mirror_converges_cases.py"
            "::test_a_reconcile_mends_and_counts_what_nobody_told",
        ),
    ),
    Mutant(
        pitfall="R1",
        cure="a stamp that fills a page is read by ranges of ids",
        file=f"{_HS}/reading.py",
        old="                for rows in self._flood(kind, properties, at, filters):\n"
        '                    yield [row for row in rows if row["id"] not in known]\n',
        new="                yield fresh\n",
        tests=(f"{_HUBSPOT}::test_r1_one_stamp_on_more_rows_than_a_page_holds",),
    ),
    Mutant(
        pitfall="R1",
        cure="a search goes back behind the watermark",
        file=f"{_HS}/feeds.py",
        old="return max(0, changed - round(self._settings.overlap_minutes * 60_000))",
        new="return max(0, changed)",
        tests=(f"{_HUBSPOT}::test_r1_a_record_that_shows_up_late_is_found_by_the_overlap",),
    ),
    Mutant(
        pitfall="R1",
        cure="the watermark goes by the stamps that were seen, not by a clock",
        file=f"{_HS}/feeds.py",
        old="        changed = mark.changed\n        start =",
        new="        changed = max(mark.changed, to_ms(self._now()))\n        start =",
        tests=(
            f"{_HUBSPOT}"
            "::test_an_index_that_lags_shows_the_old_value_first_and_the_new_one_in_the_end",
        ),
    ),
    Mutant(
        pitfall="R1",
        cure="a watermark comes with the last page only",
        file=f"{_HS}/feeds.py",
        old="            yield replace(self._page(feed, rows), total=total)",
        new="            mark = begun.text()\n"
        "            yield replace(self._page(feed, rows), total=total, watermark=mark)",
        tests=(f"{_HUBSPOT}::test_the_watermark_comes_with_the_last_page_only",),
    ),
    Mutant(
        pitfall="R1",
        cure="each stamp is read whole before the next",
        file=f"{_HS}/reading.py",
        old="                at, known = at + 1, set()",
        new="                at, known = at + 60_000, set()",
        tests=(f"{_HUBSPOT}::test_r1_one_stamp_on_more_rows_than_a_page_holds",),
    ),
    Mutant(
        pitfall="R2",
        cure="formulas are read on a timer",
        file=f"{_SF}/reading.py",
        old="if refresh.due(reading.source, reading.choice):",
        new="if refresh.due(reading.source, reading.choice) and not reading.choice.fields:",
        tests=(
            f"{_DRIFT}::test_r2_formulas_are_read_on_their_own_timer_with_a_warning",
            f"{_DRIFT}::test_a_company_that_is_renamed_arrives_at_its_contacts",
        ),
    ),
    Mutant(
        pitfall="R2",
        cure="a formula that the policy reads is a warning",
        file=f"{_SF}/checks.py",
        old="if not choice.formulas or source.recent:",
        new="if choice.fields or source.recent:",
        tests=(
            "tests/contract/test_doctor_salesforce.py"
            "::test_r2_a_formula_that_the_policy_reads_is_a_warning",
        ),
    ),
    Mutant(
        pitfall="R2",
        cure="calculated properties are read on a timer",
        file=f"{_HS}/feeds.py",
        old="if feed.calculated and self._due(",
        new="if feed.calculated and not feed.kind and self._due(",
        tests=(
            f"{_MAPPING}::test_r2_a_calculated_property_is_warned_about_and_read_on_its_own_timer",
        ),
    ),
    Mutant(
        pitfall="R3",
        cure="changes are asked for with the recycle bin",
        file=f"{_SF}/queries.py",
        old="first = client.query(parts[0], deleted=True, once=True)",
        new="first = client.query(parts[0], once=True)",
        tests=(
            f"{_CHANGES}::test_deleted_records_are_told",
            f"{_CHANGES}::test_a_merge_takes_the_loser_away_and_shows_the_winner",
        ),
    ),
    Mutant(
        pitfall="R3",
        cure="the list of deletions is read for what leaves no trace",
        file=f"{_SF}/reading.py",
        old="        turn=listed and mark is not None,",
        new="        turn=False,",
        tests=(
            f"{_CHANGES}"
            "::test_a_team_member_that_vanishes_without_a_trace_is_told_within_two_reads",
        ),
    ),
    Mutant(
        pitfall="R3",
        cure="the recycling bin is looked through",
        file=f"{_HS}/feeds.py",
        old="if feed.bin and self._due(",
        new="if feed.bin and not feed.kind and self._due(",
        tests=(f"{_HUBSPOT}::test_r3_archived_records_go_though_their_stamp_does_not_move",),
    ),
    Mutant(
        pitfall="R3",
        cure="what was merged away is gone",
        file=f"{_HS}/feeds.py",
        old="return replace(page, deleted=[*page.deleted, *gone])",
        new="return replace(page, deleted=[*page.deleted])",
        tests=(f"{_HUBSPOT}::test_r3_the_loser_of_a_merge_is_gone_and_its_contacts_follow",),
    ),
    Mutant(
        pitfall="R3",
        cure="owners who left are read from the list of archived ones",
        file=f"{_HS}/directory.py",
        old='return (*active.owners, *(one for one in gone.owners if str(one["id"]) not in here))',
        new="return active.owners if here else ()",
        tests=(
            f"{_MIRROR}::test_an_archived_owner_is_an_inactive_person",
            "tests/contract/test_hubspot_depth.py::test_somebody_who_leaves_is_inactive_at_once",
        ),
    ),
    Mutant(
        pitfall="R3",
        cure="routing sees the living alone",
        file="worker/store/fact_queries.py",
        old="        select(table).where(choose(table.c), table.c.deleted_at.is_(None))"
        ".order_by(*order(table.c))",
        new="        select(table).where(choose(table.c)).order_by(*order(table.c))",
        tests=("tests/contract/test_facts.py::test_r3_what_is_deleted_in_the_crm_routes_nobody",),
    ),
    Mutant(
        pitfall="R4",
        cure="associations of open deals are read again",
        file=f"{_HS}/feeds.py",
        old="if feed.sweep is not None and self._due(",
        new="if feed.sweep is not None and not feed.kind and self._due(",
        tests=(
            f"{_MIRROR}"
            "::test_r4_a_participant_who_leaves_an_open_deal_is_gone_though_the_deal_did_not_change",
        ),
    ),
    Mutant(
        pitfall="R4",
        cure="the pages of each record's associations are followed",
        file=f"{_HS}/reading.py",
        old="                if after := _after(result):",
        new="                if (after := _after(result)) and not own:",
        tests=(f"{_MIRROR}::test_r4_associations_beyond_one_page_are_all_followed",),
    ),
    Mutant(
        pitfall="R4",
        cure="associations are read just before routing",
        file=f"{_HS}/live.py",
        old='for name in ("deal_contacts", "deal_collaborators")',
        new='for name in ("deal_collaborators",)',
        tests=(
            "tests/contract/test_live_reads.py"
            "::test_r4_an_association_of_this_second_is_read_although_no_stamp_moved",
        ),
    ),
    Mutant(
        pitfall="R4",
        cure="a batch holds a hundred records",
        file=f"{_HS}/reading.py",
        old="LIST_PAGE, SEARCH_PAGE, ASSOCIATION_INPUTS, BATCH = 100, 200, 1000, 100",
        new="LIST_PAGE, SEARCH_PAGE, ASSOCIATION_INPUTS, BATCH = 100, 200, 1000, 1000",
        tests=(f"{_OURS}_hubspot.py::test_r4_more_records_than_a_batch_takes_are_read_in_batches",),
    ),
    Mutant(
        pitfall="R5",
        cure="changes are paged by their stamp and not by offset",
        file=f"{_HS}/reading.py",
        old="        at = since\n        known: set[str] = set()\n",
        new="        at = since\n        known: set[str] = set()\n"
        '        tests = [where(stamp_name(kind), "GTE", at), *filters]\n'
        "        for one in self._pages(kind, properties, tests):\n"
        "            yield one.rows\n"
        "        if at >= 0:\n"
        "            return\n",
        tests=(f"{_HUBSPOT}::test_r5_more_changes_than_a_search_may_return",),
    ),
    Mutant(
        pitfall="R5",
        cure="what one page does not hold is halved by ids",
        file=f"{_HS}/reading.py",
        old="if found.total > SEARCH_PAGE and low < high:",
        new="if found.total > SEARCH_PAGE and low > high:",
        tests=(f"{_HUBSPOT}::test_r5_more_changes_of_one_stamp_than_a_search_may_return",),
    ),
    Mutant(
        pitfall="R8",
        cure="a query that took too long is asked over half the time",
        file=f"{_SF}/reading.py",
        old="            stretch.halve(place)\n            continue\n",
        new="            raise\n",
        tests=(
            f"{_DRIFT}"
            "::test_r8_a_query_that_takes_too_long_is_asked_for_half_the_time_and_half_again",
        ),
    ),
    Mutant(
        pitfall="R8",
        cure="a timeout is never taken for the end",
        file=f"{_SF}/reading.py",
        old="            stretch.halve(place)\n            continue\n",
        new="            yield Page(watermark=next_mark.write())\n            return\n",
        tests=(f"{_DRIFT}::test_r8_a_query_that_always_takes_too_long_moves_no_watermark",),
    ),
    Mutant(
        pitfall="R8",
        cure="a bulk job that failed is an error",
        file=f"{_SF}/bulk.py",
        old='if state in ("Failed", "Aborted"):',
        new='if state in ("Lost",):',
        tests=(
            "tests/contract/test_salesforce_bulk.py"
            "::test_a_job_that_does_not_end_well_moves_no_watermark",
        ),
    ),
    Mutant(
        pitfall="R10",
        cure="objects are described daily",
        file=f"{_SF}/fields.py",
        old="if known is None or now - known.at > _FRESH:",
        new="if known is None:",
        tests=(
            f"{_DRIFT}::test_r10_a_field_that_is_added_later_is_found_within_a_day_and_read_for_all",
        ),
    ),
    Mutant(
        pitfall="R10",
        cure="a value that does not fit its type is empty",
        file=f"{_SF}/tidy.py",
        old="            if not fits or (kind in _NUMBERS and isinstance(value, bool)):",
        new="            if not fits and kind not in _EXPECTED:",
        tests=(f"{_DRIFT}::test_r10_a_value_that_does_not_fit_its_type_is_empty_and_counted",),
    ),
    Mutant(
        pitfall="R10",
        cure="definitions are looked up again",
        file=f"{_HS}/definitions.py",
        old="return abs(now - read_at) > (DAILY if complete else HOURLY)",
        new="return abs(now - read_at) > 999 * (DAILY if complete else HOURLY)",
        tests=(
            f"{_MAPPING}::test_r10_a_property_that_goes_or_comes_is_noted_and_everything_read_anew",
        ),
    ),
    Mutant(
        pitfall="R10",
        cure="a value that makes no sense is empty",
        file=f"{_HS}/fields.py",
        old='        return value if well else ""',
        new="        return value",
        tests=(
            f"{_MAPPING}"
            "::test_r10_a_value_that_is_not_what_its_property_promises_is_empty_and_counted",
        ),
    ),
    Mutant(
        pitfall="R10",
        cure="a list of numbers is no id",
        file=f"{_HS}/values.py",
        old="return value if value.isascii() and value.isdigit() else None",
        new="return value or None",
        tests=(f"{_MIRROR}::test_r10_a_number_that_is_a_list_is_no_reference",),
    ),
    Mutant(
        pitfall="R11",
        cure="only evidence is read from the last days on",
        file=f"{_SF}/reading.py",
        old="return now - timedelta(days=settings.evidence_days) if source.recent else None",
        new="return now - timedelta(days=730)",
        tests=(f"{_OURS}_salesforce.py::test_r11_a_first_read_reaches_back_to_the_beginning",),
    ),
    Mutant(
        pitfall="R11",
        cure="the stamp has its own name on contacts",
        file=f"{_HS}/reading.py",
        old='return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"',
        new='return "lastmodifieddate"',
        tests=(
            f"{_HUBSPOT}::test_r11_contacts_and_companies_have_different_names_for_the_same_stamp",
        ),
    ),
)
