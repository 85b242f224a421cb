"""The supervisor of the embedded PostgreSQL comes back from every kind of end."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from portal.core.database.embedded import watch as embedded_watch
from portal.core.database.embedded.home import installed_binaries, open_home
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.errors import Conflict, Misconfigured, PortalError
from tests.integration.databases import reachable_directory
from tests.pace import within

FAST = {"fsync": "off", "max_connections": "20"}


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A directory the server's user can reach, its cluster shared by the tests of this module."""
    with reachable_directory(in_memory=True) as path:
        yield path / "postgres"


@pytest.fixture
def server(directory: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(directory, settings=FAST) as running:
        yield running


def ask(server: EmbeddedServer, question: str, database: str = "postgres") -> object:
    async def fetch() -> object:
        plain = server.dsn(database).replace("+asyncpg", "")
        connection = await asyncpg.connect(plain)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def eventually(holds: Callable[[], bool], patience_s: float = 60.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return holds()


def kill_postmaster(server: EmbeddedServer) -> int:
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


def abandon(server: EmbeddedServer) -> None:
    """Free the lock as the kernel does when the supervising process dies, without any clean-up."""
    server._release()


def is_gone(pid: int) -> bool:
    """No such process, or only the zombie of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_the_first_start_makes_a_cluster_and_later_ones_keep_what_is_in_it(directory: Path) -> None:
    with EmbeddedServer(directory, settings=FAST) as first:
        first.ensure_database("kept")
        ask(first, "CREATE TABLE notes AS SELECT 'still here' AS note", "kept")
    with within(10), EmbeddedServer(directory, settings=FAST) as second:
        second.ensure_database("kept")
        assert ask(second, "SELECT note FROM notes", "kept") == "still here"


def test_an_interrupted_first_start_leaves_nothing_that_hinders_the_next(directory: Path) -> None:
    unfinished = directory.parent / "interrupted" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(unfinished.parent, settings=FAST) as server:
        assert ask(server, "SELECT 1") == 1


def test_sqlalchemy_takes_the_address(server: EmbeddedServer) -> None:
    async def fetch() -> object:
        engine = create_async_engine(server.dsn())
        async with engine.connect() as connection:
            answer = await connection.scalar(text("SELECT current_setting('TimeZone')"))
        await engine.dispose()
        return answer

    assert asyncio.run(fetch()) == "UTC"


def test_it_listens_on_a_private_socket_only(server: EmbeddedServer) -> None:
    assert ask(server, "SELECT current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(server.home.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.home.data.stat().st_mode) == 0o700


def test_it_does_not_run_as_root(server: EmbeddedServer) -> None:
    assert server.pid is not None
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_it_goes_with_a_killed_application(directory: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from portal.core.database.embedded.server import EmbeddedServer\n"
        f"server = EmbeddedServer(Path({str(directory)!r})).start()\n"
        "print(server.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert eventually(lambda: is_gone(int(done.stdout)))
    with EmbeddedServer(directory, settings=FAST) as server:
        assert ask(server, "SELECT 1") == 1


def test_it_starts_while_the_server_of_a_killed_application_is_still_stopping(directory: Path) -> None:
    orphan = EmbeddedServer(directory, settings=FAST).start()
    abandon(orphan)
    with EmbeddedServer(directory, settings=FAST) as server:
        assert server.pid != orphan.pid
        assert ask(server, "SELECT 1") == 1


def test_a_killed_postmaster_that_nobody_reaped_does_not_block_the_next_start(directory: Path) -> None:
    dead = EmbeddedServer(directory, settings=FAST).start()
    pid = kill_postmaster(dead)
    assert eventually(lambda: is_gone(pid))
    assert Path(f"/proc/{pid}").exists(), "the zombie is the point of this test"
    abandon(dead)
    with EmbeddedServer(directory, settings=FAST) as server:
        assert ask(server, "SELECT 1") == 1


def test_it_waits_for_the_busy_backend_of_a_killed_postmaster(directory: Path) -> None:
    dead = EmbeddedServer(directory, settings=FAST).start()
    children = Path(f"/proc/{dead.pid}/task/{dead.pid}/children").read_text().split()
    busy = int(children[0])
    os.kill(busy, signal.SIGSTOP)
    kill_postmaster(dead)
    abandon(dead)
    threading.Timer(1.0, os.kill, (busy, signal.SIGCONT)).start()
    started = time.monotonic()
    with EmbeddedServer(directory, settings=FAST) as server:
        assert time.monotonic() - started > 0.9, "two servers must never share the data"
        assert ask(server, "SELECT 1") == 1


def test_a_pid_given_to_somebody_else_is_left_alone(directory: Path) -> None:
    dead = EmbeddedServer(directory, settings=FAST).start()
    pid_file = dead.home.data / "postmaster.pid"
    kill_postmaster(dead)
    dead.stop()
    stranger = subprocess.Popen(["sleep", "60"], **dead.home.credentials)
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *pid_file.read_text().splitlines()[1:]]) + "\n")
        with EmbeddedServer(directory, settings=FAST) as server:
            assert ask(server, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    "content", ["", "99999", "99999\n/somewhere\n", "not a number\n1\n2\n3\n4\n5\n6\n7\n"]
)
def test_a_damaged_pid_file_does_not_block_the_next_start(directory: Path, content: str) -> None:
    directory.joinpath("data", "postmaster.pid").write_text(content)
    with EmbeddedServer(directory, settings=FAST) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_second_supervisor_is_refused_and_told_by_whom(server: EmbeddedServer, directory: Path) -> None:
    with pytest.raises(Conflict, match=f"in use by process {os.getpid()}"):
        EmbeddedServer(directory).start()
    assert ask(server, "SELECT 1") == 1


def test_a_server_that_will_not_start_says_why(directory: Path) -> None:
    broken = EmbeddedServer(directory, settings={"shared_buffers": "nonsense"})
    with pytest.raises(PortalError, match="shared_buffers"):
        broken.start()
    with EmbeddedServer(directory, settings=FAST) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_directory_with_something_else_in_it_is_not_overwritten(directory: Path) -> None:
    foreign = directory.parent / "foreign"
    foreign.joinpath("data").mkdir(parents=True)
    foreign.joinpath("data", "letter.txt").write_text("keep me")
    with pytest.raises(Misconfigured, match="holds no PostgreSQL data"):
        EmbeddedServer(foreign).start()
    assert foreign.joinpath("data", "letter.txt").read_text() == "keep me"


def test_a_path_too_long_for_a_socket_gets_a_short_one(directory: Path) -> None:
    deep = directory.parent / ("long" * 20) / ("name" * 20)
    home = open_home(deep)
    try:
        assert home.root == deep
        assert len(str(home.sockets / ".s.PGSQL.5432")) < 108
        assert stat.S_IMODE(home.sockets.stat().st_mode) == 0o700
    finally:
        home.sockets.rmdir()


@pytest.mark.parametrize("name", ["", "Robert'); DROP TABLE x", "1st", "a-b", "ä"])
def test_a_database_name_that_would_need_quoting_is_refused(server: EmbeddedServer, name: str) -> None:
    with pytest.raises(PortalError, match="not a database name"):
        server.ensure_database(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the server to another user")
class TestAsRoot:
    @pytest.fixture
    def private(self) -> Iterator[Path]:
        """A directory only root gets into, like its home."""
        path = Path(tempfile.mkdtemp(prefix="portal-private-"))
        yield path
        shutil.rmtree(path)

    def test_an_unreachable_directory_is_replaced_and_stays_closed(self, private: Path) -> None:
        package = installed_binaries().parents[1]
        for part in (package, package.with_name(f"{package.name}.libs")):
            (private / part.name).symlink_to(part)
        binaries = private / package.name / "pginstall" / "bin"
        server = EmbeddedServer(private / "postgres", settings=FAST, binaries=binaries)
        try:
            with server:
                assert ask(server, "SELECT 1") == 1
                assert server.home.root.parent == Path("/var/tmp")
                assert server.home.binaries.is_relative_to(server.home.root)
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
            assert private.stat().st_uid == 0
        finally:
            shutil.rmtree(server.home.root)

    def test_a_fallback_directory_planted_by_somebody_else_is_refused(self, private: Path) -> None:
        planted = open_home(private / "postgres").root
        os.chown(planted, 12345, 12345)
        try:
            with pytest.raises(Misconfigured, match="belongs to somebody else"):
                open_home(private / "postgres")
        finally:
            shutil.rmtree(planted)

    def test_a_cluster_stays_with_the_user_who_made_it(self, private: Path) -> None:
        private.chmod(0o755)
        data = private / "postgres" / "data"
        data.mkdir(parents=True)
        os.chown(data, 1, 1)
        assert open_home(private / "postgres").credentials.get("user") == 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_watch, "PAUSES_SECONDS", (0.0, 0.05, 0.05))


@pytest.mark.usefixtures("quick")
def test_under_supervision_a_killed_server_comes_back(directory: Path) -> None:
    given_up: list[str] = []
    with EmbeddedServer(directory, settings=FAST) as server:
        server.supervise(given_up.append)
        before = kill_postmaster(server)
        assert eventually(lambda: server.pid not in (None, before), 60)
        assert eventually(lambda: is_answering(server), 60)
        # A backend that is killed takes the others with it, and the server recovers by itself.
        backend = ask(server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        pid = server.pid
        os.kill(int(str(backend)), signal.SIGKILL)
        assert eventually(lambda: is_answering(server), 60)
        assert server.pid == pid
    assert given_up == []
    assert server.pid is None


@pytest.mark.usefixtures("quick")
def test_a_server_that_will_not_stay_is_given_up_with_one_line(directory: Path) -> None:
    given_up: list[str] = []
    with EmbeddedServer(directory, settings=FAST) as server:
        server.supervise(given_up.append)
        version = server.home.data / "PG_VERSION"
        version.write_text("1\n")
        try:
            kill_postmaster(server)
            assert eventually(lambda: bool(given_up), 60)
        finally:
            version.write_text("18\n")
    assert given_up[0].startswith("the embedded PostgreSQL ended 3 times in a row: ")
    assert "\n" not in given_up[0]
    with EmbeddedServer(directory, settings=FAST) as again:
        assert is_answering(again)


def test_a_stop_ends_the_wait_for_the_next_try(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_watch, "PAUSES_SECONDS", (600.0,))
    server = EmbeddedServer(directory, settings=FAST).start()
    server.supervise(lambda _: None)
    kill_postmaster(server)
    assert eventually(lambda: server.pid is None)
    server.stop()
    with EmbeddedServer(directory, settings=FAST) as again:
        assert is_answering(again)


def is_answering(server: EmbeddedServer) -> bool:
    try:
        return ask(server, "SELECT 1") == 1
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


def test_a_cluster_copied_by_somebody_else_is_refused_with_what_to_run(directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("A CLUSTER OF ANOTHER OWNER IS NOT TESTED: only root can make one")
    with reachable_directory(in_memory=True) as parent:
        copy = parent / "postgres"
        with EmbeddedServer(directory, settings=FAST):
            pass
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("run", "programs"))
        with pytest.raises(
            Misconfigured, match=r"belongs to root, and the database runs as .*chown -R"
        ) as refused:
            EmbeddedServer(copy, settings=FAST).start()
        assert "\n" not in refused.value.message
        command = refused.value.message.split("`")[1]
        subprocess.run(command.split(), check=True)
        (copy / "data").chmod(0o755)
        with EmbeddedServer(copy, settings=FAST) as server:
            assert is_answering(server)


def test_a_cluster_of_another_major_release_is_refused_in_one_line(directory: Path) -> None:
    with EmbeddedServer(directory, settings=FAST) as server:
        version = server.home.data / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(
            Misconfigured, match=r"was made by PostgreSQL 17, and this release brings 18"
        ) as refused:
            EmbeddedServer(directory, settings=FAST).start()
        assert "\n" not in refused.value.message
    finally:
        version.write_text("18\n")
