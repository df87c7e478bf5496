"""Which statements change a whole table, found in SQL as it is written; and none of ours does."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.local.supabase.safeupdate import bare_changes, reachable_change
from migrations.history import FOLDER, function_files


def words(sql: str) -> list[str]:
    return [bare.word for bare in bare_changes(sql)]


@pytest.mark.parametrize(
    "sql",
    [
        "update public.dispatch_chunks set expires_at = leadloom.clock();",
        "UPDATE t AS x SET a = 1",
        "update only t set a = (select max(b) from u where u.id = 1) returning a",
        "update t set a = 1 from u;",
        "with gone as (update t set a = 1 returning id) select * from gone where id > 1",
        "with a as (select 1) update t set b = 1",
        "begin if x then update t set a = 1; end if; update u set a = 1 where id = 1; end",
        "update t set note = 'where it is' -- where\n;",
        'update t set "where" = 1',
        "update t set (a, b) = (1, 2)",
        "execute format('update %I set a = %L', v_name, v_value);",
        "execute 'update ' || quote_ident(v_name) || ' set a = 1';",
        "execute format($q$update %1$I set a = 1$q$, v_name) using 1;",
        "create function f() returns void language plpgsql as $$ begin update t set a = 1; end $$;",
        "create function f() returns void language sql as $body$ update t set a = 1 $body$;",
        "do $$ begin execute format('update %s set a = 1', v); end $$",
    ],
)
def test_an_update_without_where_is_found(sql: str) -> None:
    assert words(sql) == ["UPDATE"]


@pytest.mark.parametrize(
    "sql",
    [
        "delete from t;",
        "DELETE FROM ONLY t USING u",
        "with gone as (delete from t returning *) insert into u select * from gone where true",
        "execute 'delete from ' || v_table;",
    ],
)
def test_a_delete_without_where_is_found(sql: str) -> None:
    assert words(sql) == ["DELETE"]


@pytest.mark.parametrize(
    "sql",
    [
        "update t set a = 1 where id = 2",
        "update t set a = 1 from (select id from u) e where t.id = e.id returning t.a",
        "delete from t where id in (select id from u for update skip locked)",
        "select * from t for update",
        "select * from t for no key update skip locked",
        "insert into t values (1) on conflict (id) do update set a = 1",
        "grant select, insert, update, delete on table t to service_role",
        "execute format('grant select, insert, update, delete on table %s to service_role', v.name)",
        "create trigger x after update or delete on t for each statement execute function f()",
        "create table t (id int references u on delete cascade on update cascade)",
        "revoke execute on function f() from public",
        "raise exception using message = 'Delete from the list what you do not need, or update the set of columns.'",
        "-- update t set a = 1\nselect 1",
        "/* delete from t */ select 1",
        "execute format('update %I set a = 1 where id = $1', v_name) using v_id",
        "execute 'update t set a = 1' || ' where id = ' || v_id",
    ],
)
def test_what_is_limited_or_no_statement_is_left_alone(sql: str) -> None:
    assert words(sql) == []


def test_the_line_is_told() -> None:
    sql = "select 1;\ncreate function f() returns void as $$\nbegin\n  delete from t;\nend\n$$;"
    assert [(bare.word, bare.line) for bare in bare_changes(sql)] == [("DELETE", 4)]


def test_a_function_answers_for_those_it_calls() -> None:
    bodies = {
        "a": "select public.b()",
        "b": "perform leadloom.c (1);",
        "c": "delete from t; select leadloom.a()",
        "d": "select leadloom.e()",
    }
    found = reachable_change("a", bodies)
    assert found is not None
    assert found.word == "DELETE"
    assert reachable_change("d", bodies) is None


@pytest.mark.parametrize("path", function_files(FOLDER), ids=lambda path: path.name)
def test_no_function_of_ours_changes_a_whole_table(path: Path) -> None:
    found = [f"{path.name}:{bare.line}: {bare.word}" for bare in bare_changes(path.read_text())]
    assert found == [], "Supabase's safeupdate refuses these statements: give them a WHERE"
