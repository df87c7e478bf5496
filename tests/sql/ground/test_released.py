"""Every released set of migrations is a start from which this version arrives at the same database as from nothing."""

from __future__ import annotations

import tarfile
from pathlib import Path

import asyncpg
import pytest

from app.local.postgres.bootstrap import bootstrap_cluster, bootstrap_database
from app.local.postgres.cluster import Cluster
from app.local.supabase.keys import Keys
from migrations.history import FOLDER
from migrations.migrate import migrate
from tests.release import RELEASED, dated, keep_migrations

# What a database consists of, as lines: columns, indexes, constraints, functions with their bodies and rights.
_SHAPE = """
select format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
              pg_get_expr(d.adbin, d.adrelid)) as line
  from pg_attribute a join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relnamespace in ('public'::regnamespace, 'leadloom'::regnamespace) and a.attnum > 0 and not a.attisdropped
union all
select pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid
 where c.relnamespace in ('public'::regnamespace, 'leadloom'::regnamespace)
union all
select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
 where connamespace in ('public'::regnamespace, 'leadloom'::regnamespace) and contype <> 'n'
union all
select format('function %s %s %s %s', p.oid::regprocedure, md5(p.prosrc), p.proconfig, p.proacl) from pg_proc p
 where p.pronamespace in ('public'::regnamespace, 'leadloom'::regnamespace)
   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all
select format('trigger %s %s', tgrelid::regclass, pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
 and tgrelid::regclass::text not like 'auth.%'
union all
select format('table %s rls %s %s', oid::regclass, relrowsecurity, relacl) from pg_class
 where relnamespace in ('public'::regnamespace, 'leadloom'::regnamespace) and relkind in ('r', 'p')
union all
select format('enum %s %s', enumtypid::regtype, string_agg(enumlabel, ',' order by enumsortorder)) from pg_enum
 group by enumtypid
"""


async def _shape(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row["line"] for row in await connection.fetch(_SHAPE)}
    finally:
        await connection.close()


def _files(folder: Path) -> dict[str, bytes]:
    """The SQL of a set of migrations, by its name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.sql")}


@pytest.mark.parametrize(
    "release", sorted(RELEASED.glob("*.tar.xz")), ids=lambda path: path.name.removesuffix(".tar.xz")
)
async def test_a_released_database_becomes_what_a_new_one_is(release: Path, tmp_path: Path) -> None:
    with tarfile.open(release) as archive:
        archive.extractall(tmp_path, filter="data")
    keys = Keys.new()
    cluster = Cluster(tmp_path / "postgres", keys.postgres_password, settings={"fsync": "off"})
    await cluster.start()
    try:
        await bootstrap_cluster(cluster, keys)
        for name in ("upgraded", "fresh"):
            await bootstrap_database(cluster, name)
        await migrate(cluster.url("upgraded"), tmp_path / "migrations")
        assert bool(await migrate(cluster.url("upgraded"))) is (_files(tmp_path / "migrations") != _files(FOLDER))
        await migrate(cluster.url("fresh"))
        upgraded, fresh = await _shape(cluster.url("upgraded")), await _shape(cluster.url("fresh"))
        assert sorted(upgraded ^ fresh) == []
        assert len(fresh) > 1000
    finally:
        await cluster.stop()


def test_a_release_has_its_version_dated_on_top_of_the_changelog() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-26\n\n## [0.1.0] - 2026-11-25\n"
    assert dated(text, "0.2.0") == "2026-11-26"
    with pytest.raises(ValueError, match=r"says 0\.1\.0, the newest dated section of CHANGELOG\.md is 0\.2\.0"):
        dated(text, "0.1.0")
    with pytest.raises(ValueError, match="is none"):
        dated("## [Unreleased]", "0.1.0")


def test_the_migrations_of_a_release_are_kept_byte_by_byte(tmp_path: Path) -> None:
    source = tmp_path / "migrations"
    (source / "functions" / "engine").mkdir(parents=True)
    (source / "0001_first.sql").write_text("select 1")
    (source / "functions" / "engine" / "advance.sql").write_text("select 2")
    for name in ("one", "two"):
        keep_migrations(source, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as archive:
        assert archive.getnames() == ["migrations/0001_first.sql", "migrations/functions/engine/advance.sql"]
