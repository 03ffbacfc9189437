"""What the admin listener shows, and what it does not."""

import json
import os

from support.case import EndToEnd
from support.wire import ask, head


class Admin(EndToEnd):
    def test_config_shows_placeholders_and_not_what_they_stand_for(self):
        (self.folder / "secret").write_text("hush-hush\n")
        routes = [{"match": {"path": "/${file:secret}"}, "respond": {"body": "${PATH}, ${file:secret}"}}]
        sluice = self.gateway(None, routes)
        self.assertEqual(ask(sluice.address, head("GET", "/hush-hush")).status, 200)
        status, text = sluice.admin("/config")
        self.assertEqual(status, 200)
        self.assertNotIn("hush-hush", text)
        self.assertNotIn(os.environ["PATH"], text)
        route = json.loads(text)["routes"][0]
        self.assertEqual(route["match"]["path"], ["/${file:secret}"])
        self.assertEqual(route["respond"]["body"], "${PATH}, ${file:secret}")
        self.assertEqual(route["name"], "/${file:secret}")

    def test_config_shows_how_many_workers_there_are(self):
        sluice = self.gateway(None, [{"respond": {}}], workers="auto")
        workers = json.loads(sluice.admin("/config")[1])["workers"]
        self.assertRegex(sluice.err(), rf"; {workers} workers?, event loop")
