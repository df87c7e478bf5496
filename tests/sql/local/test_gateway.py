"""The gateway answers function calls as PostgREST on Supabase does: roles, transactions, results, errors."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from app.local.supabase.gateway import Gateway
from app.local.supabase.keys import Keys
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import TestStack

_FUNCTIONS = """
create function public.add(p_a int, p_b int default 1) returns jsonb language sql set search_path = '' as
  $$ select jsonb_build_object('sum', p_a + p_b) $$;
create function public.who() returns jsonb language sql set search_path = '' as
  $$ select jsonb_build_object('role', current_user, 'claims', current_setting('request.jwt.claims')::jsonb,
       'method', current_setting('request.method'), 'path', current_setting('request.path'),
       'agent', current_setting('request.headers')::jsonb ->> 'user-agent',
       'timeout', current_setting('statement_timeout'), 'read_only', current_setting('transaction_read_only')) $$;
create function public.who_stable() returns text language sql stable set search_path = '' as
  $$ select current_setting('transaction_read_only') $$;
create function public.patient() returns text language sql set search_path = '' set statement_timeout = '20s' as
  $$ select current_setting('statement_timeout') $$;
create function public.slow() returns void language sql set search_path = '' set statement_timeout = '200ms' as
  $$ select pg_catalog.pg_sleep(5) $$;
create table public.notes (id int primary key, body text);
grant select, insert on public.notes to service_role;
create function public.note(p_id int, p_body text) returns void language sql set search_path = '' as
  $$ insert into public.notes values (p_id, p_body) $$;
create function public.fail_with(p_code text, p_message text default 'no', p_hint text default null) returns void
  language plpgsql set search_path = '' as
  $$ begin
       raise exception using errcode = p_code, message = p_message, hint = coalesce(p_hint, ''), detail = 'd';
     end $$;
create function public.count_to(p_n int) returns setof int language sql set search_path = '' as
  $$ select generate_series(1, p_n) $$;
create function public.all_notes() returns setof public.notes language sql set search_path = '' as
  $$ select * from public.notes order by id $$;
create function public.pair() returns table (a int, b text) language sql set search_path = '' as
  $$ values (1, 'x'), (2, 'ü') $$;
create function public.first_note() returns public.notes language sql set search_path = '' as
  $$ select 1, 'one' $$;
create function public.nothing() returns jsonb language sql set search_path = '' as $$ select null::jsonb $$;
create function public.typed(p_at timestamptz, p_ids bigint[], p_doc jsonb, p_text text, p_flag boolean)
  returns jsonb language sql set search_path = '' as
  $$ select jsonb_build_object('at', p_at at time zone 'UTC', 'n', cardinality(p_ids),
       'last', p_ids[cardinality(p_ids)], 'doc', p_doc, 'text', p_text, 'flag', p_flag) $$;
create function public.twice(p_a int, p_b int default 0) returns int language sql set search_path = '' as 'select 1';
create function public.twice(p_a int, p_c text default '') returns int language sql set search_path = '' as 'select 2';
grant execute on all functions in schema public to service_role, authenticated;
grant execute on function public.who, public.slow to anon;
"""


@pytest.fixture
async def http(stack: TestStack, pg: asyncpg.Connection) -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client with the secret key, on a database with the functions above."""
    await pg.execute(_FUNCTIONS)
    headers = {"apikey": stack.secret_key, "authorization": f"Bearer {stack.secret_key}"}
    async with httpx.AsyncClient(base_url=f"{stack.url}/rest/v1/", headers=headers, timeout=20) as client:
        yield client


async def _post(http: httpx.AsyncClient, function: str, **args: Any) -> httpx.Response:
    return await http.post(f"rpc/{function}", json=args)


def _token(stack: TestStack, **claims: Any) -> str:
    return stack.keys.sign({"exp": int(time.time()) + 60, **claims})


async def test_arguments_are_named_and_defaults_fill_in(http: httpx.AsyncClient) -> None:
    assert (await _post(http, "add", p_a=1)).json() == {"sum": 2}
    assert (await _post(http, "add", p_a=1, p_b=5)).json() == {"sum": 6}


async def test_arguments_may_come_in_the_query(http: httpx.AsyncClient) -> None:
    assert (await http.get("rpc/add", params={"p_b": 2, "p_a": 40})).json() == {"sum": 42}
    typed = {"p_at": "2026-01-02T03:04:05Z", "p_ids": "{1,2}", "p_doc": '{"k":1}', "p_text": "x' --", "p_flag": "true"}
    expected = {"at": "2026-01-02T03:04:05", "n": 2, "last": 2, "doc": {"k": 1}, "text": "x' --", "flag": True}
    assert (await http.get("rpc/typed", params=typed)).json() == expected


async def test_json_values_become_the_parameters_types(http: httpx.AsyncClient) -> None:
    big = 9_007_199_254_740_993  # not a double
    answer = await _post(
        http,
        "typed",
        p_at="2026-01-02T03:04:05+01:00",
        p_ids=[1, big],
        p_doc=[{"k": None}],
        p_text="ü\n\\",
        p_flag=False,
    )
    assert answer.json() == {
        "at": "2026-01-02T02:04:05", "n": 2, "last": big, "doc": [{"k": None}], "text": "ü\n\\", "flag": False,
    }  # fmt: skip


async def test_results_of_every_kind(http: httpx.AsyncClient) -> None:
    assert (await _post(http, "note", p_id=1, p_body="one")).status_code == 204
    assert (await _post(http, "all_notes")).json() == [{"id": 1, "body": "one"}]
    assert (await _post(http, "pair")).json() == [{"a": 1, "b": "x"}, {"a": 2, "b": "ü"}]
    assert (await _post(http, "first_note")).json() == {"id": 1, "body": "one"}
    assert (await _post(http, "count_to", p_n=3)).json() == [1, 2, 3]
    assert (await _post(http, "who_stable")).json() == "on"
    assert (await _post(http, "nothing")).text == "null"


async def test_a_set_is_cut_at_a_thousand_rows(http: httpx.AsyncClient) -> None:
    answer = await _post(http, "count_to", p_n=2500)
    assert (answer.status_code, len(answer.json()), answer.headers["content-range"]) == (200, 1000, "0-999/*")


async def test_the_secret_key_is_service_role(http: httpx.AsyncClient) -> None:
    seen = (await _post(http, "who")).json()
    assert seen["role"] == "service_role"
    assert seen["claims"] == {"role": "service_role"}
    assert (seen["method"], seen["path"], seen["read_only"]) == ("POST", "/rpc/who", "off")
    assert seen["agent"].startswith("python-httpx")


async def test_time_outs_are_the_roles_unless_the_function_names_one(http: httpx.AsyncClient, stack: TestStack) -> None:
    assert (await _post(http, "who")).json()["timeout"] == "8s"
    publishable = {"apikey": stack.publishable_key, "authorization": f"Bearer {stack.publishable_key}"}
    assert (await http.post("rpc/who", headers=publishable)).json()["timeout"] == "3s"
    assert (await _post(http, "patient")).json() == "20s"
    started = time.monotonic()
    answer = await _post(http, "slow")
    assert time.monotonic() - started < 5, "it would take five seconds"
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")


async def test_reading_requests_cannot_write(http: httpx.AsyncClient) -> None:
    assert (await http.get("rpc/who")).json()["read_only"] == "on"
    assert (await _post(http, "who_stable")).json() == "on"
    answer = await http.get("rpc/note", params={"p_id": 1, "p_body": "x"})
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")
    head = await http.head("rpc/who")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("kind", ["anon", "service_role"])
async def test_the_older_jwt_keys_work(http: httpx.AsyncClient, stack: TestStack, kind: str) -> None:
    key = stack.keys.legacy_key(kind)
    answer = await http.post("rpc/who", headers={"apikey": key, "authorization": f"Bearer {key}"})
    assert answer.json()["role"] == kind


async def test_a_users_token_is_authenticated_whatever_the_key(http: httpx.AsyncClient, stack: TestStack) -> None:
    token = _token(stack, role="authenticated", sub="u1")
    headers = {"apikey": stack.publishable_key, "authorization": f"Bearer {token}"}
    seen = (await http.post("rpc/who", headers=headers)).json()
    assert (seen["role"], seen["claims"]["sub"], seen["timeout"]) == ("authenticated", "u1", "8s")


async def test_keys_and_tokens_that_are_not_ours_are_refused(http: httpx.AsyncClient, stack: TestStack) -> None:
    async def answer(**headers: str) -> tuple[int, str | None]:
        reply = await httpx.AsyncClient().post(f"{stack.url}/rest/v1/rpc/who", headers=headers)
        return reply.status_code, reply.json().get("code", reply.json()["message"])

    assert await answer() == (401, "No API key found in request")
    assert await answer(apikey="sb_secret_guess") == (401, "Invalid API key")
    assert await answer(apikey=_token(stack, role="authenticated")) == (401, "Invalid API key")
    expired = stack.keys.sign({"role": "authenticated", "exp": 1})
    assert await answer(apikey=stack.publishable_key, authorization=f"Bearer {expired}") == (401, "PGRST303")
    foreign = type(stack.keys).new().sign({"role": "service_role"})
    assert await answer(apikey=stack.publishable_key, authorization=f"Bearer {foreign}") == (401, "PGRST301")
    assert await answer(apikey=stack.publishable_key, authorization=f"Bearer {stack.secret_key}") == (401, "PGRST301")
    odd = _token(stack, role="postgres")
    assert await answer(apikey=stack.publishable_key, authorization=f"Bearer {odd}") == (401, "22023")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("PT404", 404), ("PT409", 409), ("PT422", 422), ("P0001", 400), ("23505", 409), ("23503", 409), ("22023", 400),
        ("23514", 400), ("40001", 500), ("42501", 403), ("42883", 404), ("53100", 503), ("55P03", 500), ("XX000", 500),
    ],
)  # fmt: skip
async def test_errors_have_postgrests_status_and_shape(http: httpx.AsyncClient, code: str, status: int) -> None:
    answer = await _post(http, "fail_with", p_code=code, p_message="What happened — ü", p_hint="Do this.")
    assert answer.status_code == status
    assert answer.json() == {"code": code, "message": "What happened — ü", "details": "d", "hint": "Do this."}
    assert answer.headers["content-type"].startswith("application/json")


async def test_a_function_that_is_not_there_is_named(http: httpx.AsyncClient) -> None:
    answer = await _post(http, "add", p_a=1, p_c=2)
    assert answer.status_code == 404
    assert answer.json()["code"] == "PGRST202"
    assert answer.json()["message"] == "Could not find the function public.add(p_a, p_c) in the schema cache"
    assert answer.json()["hint"] == "Perhaps you meant to call the function public.add(p_a, p_b)"
    assert (await _post(http, "add")).json()["code"] == "PGRST202"  # a required argument is missing


async def test_overloads_are_told_apart_by_their_arguments(http: httpx.AsyncClient) -> None:
    assert (await _post(http, "twice", p_a=1, p_b=1)).json() == 1
    assert (await _post(http, "twice", p_a=1, p_c="x")).json() == 2
    answer = await _post(http, "twice", p_a=1)
    assert (answer.status_code, answer.json()["code"]) == (300, "PGRST203")


@pytest.mark.parametrize(
    ("content", "kind"), [(b"{", "application/json"), (b"[1]", "application/json"), (b"a=1", "text/plain")]
)
async def test_a_body_that_is_no_object_is_refused(http: httpx.AsyncClient, content: bytes, kind: str) -> None:
    answer = await http.post("rpc/add", content=content, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


async def test_what_is_not_granted_is_401_without_a_user_and_403_with_one(
    http: httpx.AsyncClient, stack: TestStack
) -> None:
    answer = await http.post("rpc/add", json={"p_a": 1}, headers={"apikey": stack.publishable_key, "authorization": ""})
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")
    token = _token(stack, role="authenticated")
    answer = await http.get("notes", headers={"apikey": stack.publishable_key, "authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")


async def test_a_table_can_be_read_with_the_right_to_it(http: httpx.AsyncClient) -> None:
    await _post(http, "note", p_id=1, p_body="one")
    assert (await http.get("notes", params={"select": "*"})).json() == [{"id": 1, "body": "one"}]
    assert (await http.get("nonesuch")).json()["code"] == "PGRST205"
    assert (await http.delete("notes")).status_code == 405


async def test_a_failed_call_leaves_nothing_behind(http: httpx.AsyncClient, pg: asyncpg.Connection) -> None:
    await _post(http, "note", p_id=1, p_body="one")
    for _ in range(30):  # more than there are connections: none may stay in a broken transaction
        assert (await _post(http, "note", p_id=1, p_body="again")).json()["code"] == "23505"
    assert (await _post(http, "add", p_a=1)).json() == {"sum": 2}
    assert await pg.fetchval("select count(*) from public.notes") == 1


async def test_new_and_changed_functions_are_seen(http: httpx.AsyncClient, pg: asyncpg.Connection) -> None:
    assert (await _post(http, "later")).status_code == 404
    await pg.execute("create function public.later() returns int language sql set search_path = '' as 'select 1'")
    await pg.execute("grant execute on function public.later to service_role")
    assert (await _post(http, "later")).json() == 1
    await pg.execute(
        """drop function public.later;
           create function public.later() returns text language sql set search_path = '' as $$ select 'two' $$;
           grant execute on function public.later to service_role"""
    )
    assert (await _post(http, "later")).json() == "two"  # the prepared statement was for int
    await pg.execute(
        """drop function public.later;
           create function public.later() returns setof int language sql set search_path = '' as 'select 7';
           grant execute on function public.later to service_role;
           notify pgrst, 'reload schema'"""
    )

    async def is_seen() -> bool:
        return (await _post(http, "later")).json() == [7]

    await until(is_seen)


async def test_lost_connections_are_replaced(http: httpx.AsyncClient, pg: asyncpg.Connection) -> None:
    await _post(http, "add", p_a=1)
    others = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
    await pg.execute(others + " and datname = current_database()")
    answers = [(await _post(http, "add", p_a=1)).status_code for _ in range(3)]
    assert answers[-1] == 200
    assert set(answers) <= {200, 503}


async def test_it_refuses_a_share_of_calls_for_a_moment_as_hosted_supabase_does() -> None:
    keys = Keys.new()
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    gateway = Gateway(authenticator_url=nowhere, owner_url=nowhere, keys=keys, url="http://gateway", refuse_share=1.0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway.app), base_url="http://gateway") as http:
        answer = await http.post("/rest/v1/rpc/batch_status", headers={"apikey": keys.secret_key}, json={})
        wrong = await http.post("/rest/v1/rpc/batch_status", headers={"apikey": "sb_secret_wrong"}, json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST303")
    assert answer.json()["message"] == "JWT issued at future"
    assert "code" not in wrong.json(), "a wrong key is told so"
