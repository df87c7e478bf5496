"""Lines to break on purpose, and which tests should notice: what `make mutants` runs.

Each of these once stood for a promise. A line that is changed on purpose moves its entry here along with it; an entry
whose text is not found any more is an error of the run, so the list cannot rot.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MUTANTS", "Mutant"]

SQL = "migrations/functions"


class Mutant(NamedTuple):
    """One change.

    Attributes:
        why: what is broken, in a few words.
        file: where.
        line: the text that is replaced, found once in the file (or `nth` says which of several).
        instead: what stands there then.
        tests: files (or node ids) that should notice.
        nth: which occurrence, from 0.
    """

    why: str
    file: str
    line: str
    instead: str
    tests: str
    nth: int | None = None


FAILURES = "tests/sql/engine/test_engine_failures.py"
MONEY = "tests/sql/engine/test_engine_money.py"
RULES = "tests/sql/engine/test_state_rules.py"
RACES = "tests/sql/engine/test_races.py"
WORKERS = "tests/sql/engine/test_workers.py"
SHARE = "tests/web/test_share_limits.py"

MUTANTS = [
    # --- the state machine -----------------------------------------------------------------------------------------
    Mutant("an answer of any attempt completes", f"{SQL}/engine/complete.sql",
           "where s.id = i.state_id and s.attempt = i.attempt and s.status = 'IN_PROGRESS'\n      returning s.batch_item_id",
           "where s.id = i.state_id and s.status = 'IN_PROGRESS'\n      returning s.batch_item_id",
           FAILURES + "::test_an_answer_of_an_older_attempt_is_a_counted_no_op"),
    Mutant("a refused send stays charged", f"{SQL}/engine/complete.sql",
           "coalesce(i.unsent, false) and s.sent_at is not null as take_back", "false as take_back",
           MONEY + "::test_a_send_that_certainly_did_not_go_out_is_retried_and_not_charged"),
    Mutant("attempts never end", f"{SQL}/engine/complete.sql",
           "select p_state.attempt - p_state.snoozes < p_state.max_attempts or", "select true or",
           FAILURES + "::test_attempts_end"),
    Mutant("a snooze uses up an attempt", f"{SQL}/engine/complete.sql",
           "snoozes = s.snoozes + i.snoozed::integer", "snoozes = s.snoozes",
           "tests/sql/engine/test_clay_outages.py"),
    Mutant("the lease is not extended after a wait", f"{SQL}/engine/claim.sql",
           "if leadloom.clock() > v_chunk.created_at + interval '20 seconds' then", "if false then",
           RULES + "::test_a_worker_that_comes_late_gets_its_whole_lease"),
    Mutant("a chunk may be claimed by two workers", f"{SQL}/engine/claim.sql",
           "where id = p_chunk and (claimed_by is null or claimed_by = p_claimer)", "where id = p_chunk",
           FAILURES + "::test_a_chunk_is_claimed_once"),
    Mutant("paused batches are dispatched", f"{SQL}/engine/dispatch.sql",
           "where b.state = 'RUNNING' and (p_batch_id", "where b.state <> 'CANCELLED' and (p_batch_id",
           FAILURES + "::test_pause_stops_dispatching_and_resume_goes_on"),
    Mutant("rows are dispatched before they are due", f"{SQL}/engine/dispatch.sql",
           "where batch_id = p_batch_id and step_index = p_step_index and status = 'PENDING' and available_at <= v_now",
           "where batch_id = p_batch_id and step_index = p_step_index and status = 'PENDING'",
           RULES + "::test_a_row_that_waits_for_its_retry_is_not_taken_along"),
    Mutant("a small batch waits for a large one", f"{SQL}/engine/dispatch.sql",
           "v_most := least(v_left, v_share);", "v_most := v_left;",
           RULES + "::test_two_batches_share_a_turn_equally"),
    Mutant("leases end an hour early", f"{SQL}/engine/reap.sql",
           "where s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until <= v_now\n      and leadloom.attempts_left",
           "where s.status = 'IN_PROGRESS' and s.sent_at is null and s.lease_until <= v_now + interval '1 hour'\n"
           "      and leadloom.attempts_left",
           FAILURES + "::test_a_lease_that_runs_out_goes_back_and_then_fails"),
    Mutant("deadlines are not waited for", f"{SQL}/engine/reap.sql",
           "accepted_at is not null and sent_at is not null and deadline_at <= v_now",
           "accepted_at is not null and sent_at is not null",
           MONEY + "::test_a_callback_deadline_fails_and_is_not_requeued"),
    Mutant("chunks that nobody claimed are forgotten", f"{SQL}/engine/reap.sql",
           "from (select unnest(state_ids) as id from lost where claimed_by is null) l",
           "from (select unnest(state_ids) as id from lost where false) l", "tests/sql/engine/test_engine_failures.py::test_a_chunk_that_nobody_claimed_costs_no_attempt"),
    Mutant("leases of the living are ended", f"{SQL}/engine/reap.sql", "where s.id = l.state_id and l.holder = any (p_holders)",
           "where s.id = l.state_id", "tests/sql/engine/test_holders.py"),
    Mutant("a batch ends without its second look", f"{SQL}/engine/advance.sql",
           "where b.id = any (v_ids)\n    and not exists (select 1 from public.batch_items i where i.batch_id = b.id and i.state = 'ACTIVE');",
           "where b.id = any (v_ids);", RACES + "::test_a_batch_does_not_end_between_its_two_looks"),
    Mutant("a batch ends while its gate is held", f"{SQL}/engine/advance.sql",
           "where pg_catalog.pg_try_advisory_xact_lock(4711, (id % 2147483647)::integer));", "where true);", RACES + "::test_a_batch_does_not_end_while_somebody_makes_its_rows_live_again"),
    Mutant("a skipped step is the end", f"{SQL}/engine/advance.sql",
           "where advanced_at is null and status in ('COMPLETED', 'SKIPPED', 'FAILED')",
           "where advanced_at is null and status in ('COMPLETED', 'FAILED')",
           FAILURES + "::test_finished_states_found_by_the_sweep_are_advanced_once"),
    Mutant("conditions are not looked at", f"{SQL}/ground/foundation.sql", "when 'equals' then have = want",
           "when 'equals' then true",
           "tests/sql/engine/test_engine_flow.py::test_a_condition_that_is_not_met_skips_and_advances"),
    Mutant("two rows of one company are both sent", f"{SQL}/engine/placing.sql",
           "available_at = case when p.entity is null or s.id in (select state_id from leaders) then leadloom.clock()",
           "available_at = case when true then leadloom.clock()",
           RACES + "::test_two_rows_of_one_company_that_arrive_together_are_sent_once"),
    Mutant("retry_failed takes rows that failed since", f"{SQL}/engine/rerun.sql",
           "      and finished_at <= coalesce(p_as_of, v_now)\n", "", RACES + "::test_a_retry_in_portions_leaves_out_what_failed_since"),
    Mutant("retry_failed does not hold the gate", f"{SQL}/engine/rerun.sql",
           "  select array_agg(batch_item_id) into v_items from requeued;\n  perform leadloom.hold_batch(v_id);",
           "  select array_agg(batch_item_id) into v_items from requeued;", RACES + "::test_a_retry_waits_for_a_cancel_and_is_refused"),
    Mutant("a rerun looks once for what it locks", f"{SQL}/engine/rerun.sql",
           "    exit when cardinality(v_locked) = (select count(*)", "    exit; exit when cardinality(v_locked) = (select count(*)",
           RACES + "::test_a_rerun_takes_with_it_what_workers_begin_meanwhile"),
    Mutant("a retry leaves an ended batch ended", f"{SQL}/engine/rerun.sql",
           "    perform leadloom.reopen_batch(v_id);\n    perform leadloom.park_followers(v_id, v_items);",
           "    perform leadloom.park_followers(v_id, v_items);",
           FAILURES + "::test_retry_failed_acts_on_its_filter_and_says_how_many"),
    Mutant("a repeated operation runs again", f"{SQL}/ground/requests.sql",
           "  return (select answer from public.operator_requests where key = p_request);", "  return null;",
           FAILURES + "::test_a_retry_or_rerun_repeated_for_a_lost_reply_does_nothing_more"),
    Mutant("a rerun keeps the old results", f"{SQL}/engine/rerun.sql",
           "  delete from public.enrichment_results where batch_item_id = any (p_item_ids) and step_index >= p_from_step;\n",
           "",
           RULES + "::test_a_rerun_takes_the_results_it_makes_anew_out_of_sight"),
    Mutant("a cancelled batch keeps its chunks", f"{SQL}/engine/control.sql",
           "  delete from public.dispatch_chunks where batch_id = v_id;\n", "",
           RULES + "::test_nobody_is_told_of_a_cancelled_batchs_chunks"),
    # --- money -----------------------------------------------------------------------------------------------------
    Mutant("a second sender sends the same rows", f"{SQL}/engine/sending.sql",
           "\n      and s.send_key = p_send_key);", ");",
           MONEY + "::test_a_sender_that_lost_the_reply_gets_its_rows_again"),
    Mutant("the lifetime cap does not stop", f"{SQL}/engine/sending.sql", "order by s.id limit v_room", "order by s.id",
           "tests/sql/engine/test_engine_money.py"),
    Mutant("rows leave after a pause", f"{SQL}/engine/sending.sql", "and (b.state <> 'RUNNING' or exists (",
           "and (exists (",
           "tests/sql/engine/test_sending_stops.py"),
    Mutant("a bucket refills twice", f"{SQL}/engine/rates.sql", "refilled_at = greatest(refilled_at, v_now)",
           "refilled_at = v_now", "tests/sql/engine/test_clay_outages.py tests/sql/engine/test_engine_money.py"),
    Mutant("a blocked bucket gives tokens", f"{SQL}/engine/rates.sql", "  if v_bucket.blocked_until > v_now then\n    return 0;",
           "  if false then\n    return 0;", WORKERS + "::test_tokens_given_back_to_a_blocked_bucket_wait_with_it"),
    Mutant("5xx is a refusal", "app/clay/post.py", "or not 400 <= status < 500:", "or not 400 <= status < 600:",
           "tests/unit/clay/test_clay_http.py"),
    Mutant("a broken read is a refusal", "app/clay/post.py",
           'return Answer("unknown", "clay_unavailable", f"Clay did not answer',
           'return Answer("refused", "clay_unavailable", f"Clay did not answer', "tests/unit/clay/test_clay_http.py"),
    Mutant("redirects are followed", "app/clay/post.py", "follow_redirects=False", "follow_redirects=True",
           "tests/unit/clay/test_clay_http.py"),
    Mutant("rows of any size are sent", "app/clay/sender.py", "if len(body) > MAX_PAYLOAD_BYTES:", "if False:",
           "tests/sql/engine/test_clay_sender.py"),
    Mutant("private addresses are fine", "app/clay/config.py", "return address.is_global and not address.is_multicast",
           "return True", "tests/unit/clay/test_clay_config.py tests/unit/clay/test_clay_http.py"),
    # --- workers and the loop --------------------------------------------------------------------------------------
    Mutant("a worker does not say who it is", "app/engine/dispatcher.py", "claimer=uuid4(), ", "", WORKERS + "::test_a_worker_that_lost_the_reply_to_its_claim_does_its_chunk"),
    Mutant("a hand-back of any size", "app/engine/dispatcher.py", "MAX_CALL_BYTES = 1_500_000", "MAX_CALL_BYTES = 1 << 60",
           WORKERS + "::test_results_are_handed_back_in_calls_of_two_megabytes"),
    Mutant("refusals are never forgotten", "app/engine/sequencer.py", "turns.refusals, turns.trouble = 0, None",
           "turns.trouble = None", WORKERS + "::test_the_loop_forgets_refusals_when_a_turn_goes_well"),
    Mutant("the engine does not renew its lease", "app/engine/turn.py", 'self.is_time("lease", self.pace.lease_s / 3)',
           'self.is_time("lease", self.pace.lease_s * 300)', WORKERS + "::test_an_engine_keeps_its_lease_for_as_long_as_it_runs"),
    Mutant("a failing row fails its chunk", "app/engine/refusals.py", "if len(rows) == 1:", "if len(rows) >= 1:",
           "tests/sql/engine/test_refused_rows.py"),
    # --- callbacks -------------------------------------------------------------------------------------------------
    Mutant("what the database never takes is tried for ever", "app/engine/refusals.py", '_DATA_CLASSES = ("22", "23", "54")',
           '_DATA_CLASSES = ("never",)', WORKERS + "::test_an_answer_that_the_database_never_takes_is_not_tried_for_ever"),
    Mutant("an early answer is taken for the current attempt", f"{SQL}/engine/settle.sql",
           "and coalesce(v_state.sent_at, 'infinity') > p_inbox.received_at", "and false",
           WORKERS + "::test_an_answer_at_the_fixed_url_that_came_before_the_attempt_left_is_of_the_one_before"),
    Mutant("an older attempt's answer is applied", f"{SQL}/engine/settle.sql", "elsif leadloom.is_superseded(p_state, p_attempt) then",
           "elsif false then",
           "tests/sql/engine/test_callbacks.py::test_a_superseded_attempt_is_late_and_not_applied"),
    Mutant("a cancelled row takes an answer", f"{SQL}/engine/settle.sql", "and state <> 'CANCELLED' and archived_at is null) then", ") then",
           "tests/sql/engine/test_callbacks.py::test_a_cancelled_batch_takes_no_answers_but_keeps_them"),
    Mutant("followers of an unknown company are asked for again", f"{SQL}/engine/entities.sql",
           "and o.status = 'FAILED' and (o.sent_at is not null or", "and o.status = 'FAILED' and false and (o.sent_at is not null or",
           "tests/sql/engine/test_engine_money.py tests/sql/engine/test_entities.py"),
    Mutant("another client's token answers", f"{SQL}/engine/settle.sql",
           "    and (p_client is null or p_client = (select b.client_id from public.batches b where b.id = s.batch_id))\n", "",
           "tests/sql/engine/test_callbacks.py"),
    Mutant("tokens are believed", "app/clay/tokens.py", "hmac.compare_digest(", "len(",
           "tests/unit/clay/test_clay_tokens.py"),
    Mutant("a token opens every workflow", "app/clay/tokens.py", 'f"clay-callback|{workflow_slug}|', 'f"clay-callback|',
           "tests/unit/clay/test_clay_tokens.py"),
    Mutant("our trouble is Clay's", "web/receivers.py", "AGAIN = _Reply(503,", "AGAIN = _Reply(500,",
           "tests/web/test_receivers_trouble.py"),
    # --- the door to the database ----------------------------------------------------------------------------------
    Mutant("a passing 401 is a wrong key", "app/db.py", '"PGRST303"}', '"PGRST399"}', "tests/unit/test_db.py"),
    Mutant("a lost deadlock is an error", "app/db.py", '{"40001", "40P01", ', '{"40001", ', "tests/unit/test_db.py"),
    # --- access, pages ---------------------------------------------------------------------------------------------
    Mutant("a share link of an archived client opens", f"{SQL}/results/share.sql",
           "\n     or v_client.archived_at is not null then", " then", SHARE + "::test_a_link_of_an_archived_client_opens_nothing"),
    Mutant("a revoked link opens", f"{SQL}/results/share.sql", "or v_link.revoked_at is not null or", "or",
           SHARE + "::test_a_revoked_link_opens_nothing"),
    Mutant("a visitor's filters win over the link's", "web/routes/share.py",
           'search.narrowed(search.lead_filters(query), opened["filters"])',
           'search.narrowed(opened["filters"], search.lead_filters(query))',
           SHARE + "::test_a_visitor_cannot_ask_past_what_the_link_is_limited_to"),
    Mutant("attempts are not counted by network", f"{SQL}/setup/sign_in.sql",
           "'account|' || p_account, 'network|' || p_network, 'all']", "'account|' || p_account, 'all']",
           "tests/web/test_sign_in.py tests/web/test_security.py"),
    Mutant("the issuer of a token is ignored", "web/session/auth.py", "                issuer=self._base,\n", "",
           "tests/web/test_security.py::test_a_good_signature_over_another_issuer_is_worth_nothing"),
    Mutant("cookies are within reach of scripts", "web/session/cookies.py", 'morsel["httponly"] = True', 'morsel["path"] = "/"',
           "tests/web/test_security.py"),
    Mutant("changes need no token", "web/session/security.py", 'return token is not None and _believed("csrf", binding, token)',
           "return True", "tests/web/test_security.py"),
    Mutant("the publishable key may call functions", f"{SQL}/access.sql",
           "execute format('revoke execute on function %s from public, anon, authenticated', v.name);",
           "execute format('grant execute on function %s to anon', v.name);", "tests/sql/ground/test_access.py"),
    Mutant("formulas leave the house", "app/results/csv_out.py", "return _START.sub(_shielded, text) if suspect else text",
           "return text", "tests/unit/results/test_csv_out.py"),
    # --- uploads, leads --------------------------------------------------------------------------------------------
    Mutant("uploads are swept after ten seconds", f"{SQL}/intake/uploads.sql", "p_idle_s integer default 600",
           "p_idle_s integer default 10", WORKERS + "::test_an_upload_that_pauses_for_a_minute_is_not_swept"),
    Mutant("half-made exports outlive an erasure", f"{SQL}/intake/file_jobs.sql",
           "state in ('READY', 'RUNNING', 'WAITING')", "state in ('READY', 'RUNNING')",
           "tests/sql/results/test_export_jobs.py::test_an_export_that_waits_for_its_next_worker_is_made_anew_after_an_erasure"),
    Mutant("files on their way outlive an erasure", f"{SQL}/engine/erasure.sql",
           "    perform leadloom.refuse_incoming_files();\n", "", "tests/sql/retention/test_erasure_of_files.py"),
    Mutant("drafts of a list outlive their client", f"{SQL}/engine/deletion.sql",
           "p_deletion.counts := leadloom.delete_drafts(p_deletion.client_id, p_limit, v_before);", "",
           "tests/sql/retention/test_deletion.py::test_a_client_goes_with_all_its_data_and_nobody_elses"),
    Mutant("leads are stored behind a list's back", f"{SQL}/results/store.sql",
           "    perform leadloom.hold_customer_list(v_client);", "    null;", RACES + "::test_leads_that_are_being_stored_are_seen_by_a_list_that_changes"),
    Mutant("a pipeline of another client may be launched", f"{SQL}/engine/launch.sql",
           "p_pipeline.client_id is not null and p_pipeline.client_id <> p_upload.client_id", "false",
           WORKERS + "::test_nothing_is_launched_through_another_clients_pipeline"),
    Mutant("an archived client launches", f"{SQL}/engine/launch.sql",
           "where id = p_upload.client_id and archived_at is not null", "where false",
           WORKERS + "::test_nothing_is_launched_for_an_archived_client"),
    Mutant("an edited migration is applied over", "migrations/history.py",
           "if statements is not None and _digest", "if False and _digest", "tests/sql/ground/test_migrations.py"),
]  # fmt: skip
