"""`bindery.links`: a dead link fails, a moved one is named, a DOI is asked for where it is kept."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from bindery import execute, links
from sphinx.config import Config

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq")


class Answers(BaseHTTPRequestHandler):
    """A page that is there, one that has moved, and nothing else."""

    def do_GET(self):
        self.send_response({"/good": 200, "/moved": 301}.get(self.path, 404))
        self.send_header("Location", "/good")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def looked_at(book, text):
    """Look at the links of a page; return the exit status, and a line for each."""
    book.page("page", f"# Page\n\n{text}\n")
    assert execute.main(["--root", str(book.root)]) == 0
    run = book.jupyter_book("--builder=linkcheck")
    list_of = book.build().output / "html" / "output.txt"
    return run.returncode, list_of.read_text()


def test_a_good_link_passes_and_a_moved_one_is_named(book, address):
    own = "https://github.com/OWNER/unrolled/issues and https://OWNER.github.io/unrolled/"
    status, said = looked_at(book, f"[a]({address}/good), [b]({address}/moved), {own}")
    assert status == 0, said
    assert f"[redirected permanently] {address}/moved to {address}/good" in said
    assert "broken" not in said


def test_a_dead_link_fails(book, address):
    status, said = looked_at(book, f"[a]({address}/good), [b]({address}/dead)")
    assert status != 0
    assert f"[broken] {address}/dead" in said
    assert "/good" not in said


def ignored(repository):
    config = Config({}, {"html_theme_options": {"repository_url": repository}})
    config.add("html_theme_options", {}, "", [])
    config.add("linkcheck_ignore", [], "", [])
    config.add("linkcheck_timeout", None, "", [])
    config.add("linkcheck_retries", 1, "", [])
    links.configure(None, config)
    return config.linkcheck_ignore


def test_own_addresses_count_once_they_are_somebody_s():
    assert ignored("https://github.com/OWNER/unrolled")
    assert not ignored("https://github.com/someone/unrolled")


def test_a_doi_is_asked_for_where_it_is_registered():
    asked = links.registered(None, "https://doi.org/10.1162/neco.1997.9.8.1735")
    assert asked == "https://doi.org/api/handles/10.1162/neco.1997.9.8.1735"
    for other in ("https://doi.org/the-identifier/", "https://example.org/https://doi.org/10.1/x"):
        assert links.registered(None, other) is None
