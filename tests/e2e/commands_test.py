"""The commands that do not serve: check, schema, reference, version, --help."""

import json
import socket
import subprocess
from pathlib import Path

from support.case import EndToEnd
from support.gateway import binary

ROOT = Path(__file__).resolve().parents[2]
GOOD = 'listeners: [{ address: "127.0.0.1:0" }]\nroutes: [{ respond: { body: hi } }]\n'
BAD = 'listeners:\n  - adress: 127.0.0.1:0\nroutes: [{ upstream: nowhere }]\nworkers: many\n'


class Commands(EndToEnd):
    def sluice(self, *words, code=0):
        done = subprocess.run([binary(), *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def file(self, text):
        path = self.folder / "sluice.yaml"
        path.write_text(text)
        return path

    def test_check_says_ok(self):
        out, err = self.sluice("check", "-c", self.file(GOOD))
        self.assertRegex(out, r"sluice\.yaml: ok, 1 route, 0 upstreams\n")
        self.assertEqual(err, "")

    def test_check_reports_every_problem_where_it_is(self):
        out, err = self.sluice("check", "-c", self.file(BAD), code=1)
        self.assertEqual(out, "")
        for line in err.splitlines():
            self.assertRegex(line, r"sluice\.yaml:\d+:\d+: \S+: .")
        self.assertIn("did you mean 'address'?", err)
        self.assertIn("workers: ", err)

    def test_check_json_is_a_list_for_programs(self):
        self.assertEqual(json.loads(self.sluice("check", "--json", "-c", self.file(GOOD))[0]), [])
        out, err = self.sluice("check", "--json", "-c", self.file(BAD), code=1)
        problems = json.loads(out)
        self.assertEqual(err, "")
        self.assertEqual([p for p in problems if not {"file", "line", "column", "path", "problem"} <= p.keys()], [])
        self.assertTrue(any(p["line"] == 2 and "address" in p.get("hint", "") for p in problems), problems)

    def test_check_and_run_agree_on_the_shipped_files(self):
        self.sluice("check", "-c", ROOT / "config/sluice.yaml")

    def test_check_reads_included_files_and_says_which_one_is_wrong(self):
        (self.folder / "conf.d").mkdir()
        main = self.file('include: conf.d/*.yaml\nlisteners: [{ address: "127.0.0.1:0" }]\n')
        (self.folder / "conf.d/10-app.yaml").write_text(
            "upstreams: { app: [127.0.0.1:3000] }\nroutes: [{ match: { path: /app }, upstream: app }]\n"
        )
        (self.folder / "conf.d/20-other.yaml").write_text("routes: [{ upstream: app }]\n")
        self.assertIn("ok, 2 routes, 1 upstream\n", self.sluice("check", "-c", main)[0])
        (self.folder / "conf.d/20-other.yaml").write_text(
            "upstreams:\n  app: [127.0.0.1:3001]\nroutes:\n  - { match: { path: /app }, upstream: ap }\n"
        )
        problems = json.loads(self.sluice("check", "--json", "-c", main, code=1)[0])
        other = str(self.folder / "conf.d/20-other.yaml")
        first = str(self.folder / "conf.d/10-app.yaml")
        self.assertEqual(
            [(p["file"], p["line"], p["column"], p["path"], p["problem"]) for p in problems],
            [
                (other, 2, 3, "upstreams.app", f'the name "app" is in another file too, first at {first}:1:14'),
                (other, 4, 5, "routes[0]", f'no request reaches this route: "/app" in {first}, line 2 takes all that it matches'),
                (other, 4, 40, "routes[0].upstream", 'no upstream is named "ap"'),
            ],
        )

    def test_schema_is_json_schema_and_its_golden_copy(self):
        text = self.sluice("schema")[0]
        schema = json.loads(text)
        self.assertIn("json-schema.org", schema["$schema"])
        self.assertIn("listeners", schema["properties"])
        self.assertEqual(schema, json.loads((ROOT / "config/schema/sluice.json").read_text()))

    def test_version_says_one_line(self):
        for words in (["version"], ["--version"]):
            self.assertRegex(self.sluice(*words)[0], r"^sluice \d+\.\d+\.\d+\n$")

    def test_help_names_every_command(self):
        text = self.sluice("--help")[0]
        for command in ("run", "check", "schema", "reference", "demo", "version"):
            self.assertIn(command, text)
            self.assertIn("Usage:", self.sluice(command, "--help")[0])

    def test_help_shows_examples(self):
        for words in ([], ["run"], ["check"], ["schema"], ["demo"]):
            self.assertRegex(self.sluice(*words, "--help")[0], r"Examples?:\n  sluice ")

    def test_without_a_command_the_help_goes_to_stderr(self):
        out, err = self.sluice(code=2)
        self.assertEqual(out, "")
        self.assertEqual(err, self.sluice("--help")[0])

    def test_a_wrong_command_line_says_what_to_write_instead(self):
        for words, advice in {
            "rnu": "sluice: there is no command 'rnu'; did you mean 'run'?",
            "--jsn": "sluice: there is no option '--jsn'; there are --help and --version",
            "run --confg x.yaml": "sluice run: there is no option '--confg'; did you mean '--config'?",
            "chekc -c x": "sluice: there is no command 'chekc'; did you mean 'check'?",
            "-c f run": "sluice run: -c goes behind the command: sluice run -c",
            "--json": "sluice: --json goes behind the command: sluice check --json",
            "-c f": "sluice: -c goes behind the command: sluice run -c",
            "check -c a -c b": "sluice check: --config is given 2 times",
            "demo --port 8443": "sluice demo: --port and --tls-port are both 8443; each wants its own",
            "demo --tls-port 1 --admin-port 1": "sluice demo: --tls-port and --admin-port are both 1; each wants its own",
            "run -c": "sluice run: --config wants a value: --config FILE",
            "check x.yaml": "sluice check: 'x.yaml' is one word too many; a file is named with -c x.yaml",
            "schema x": "sluice schema: 'x' is one word too many; leave it out",
            "demo --port many": "sluice demo: --port: wanted a port from 0 to 65535, found 'many'",
            "demo --port 65536": "sluice demo: --port: wanted a port from 0 to 65535, found '65536'",
        }.items():
            with self.subTest(words):
                out, err = self.sluice(*words.split(), code=2)
                self.assertEqual(out, "")
                first, second = err.splitlines()
                self.assertEqual(first, advice)
                self.assertRegex(second, r"^See `sluice( \w+)? --help`\.$")

    def test_a_file_has_a_name(self):
        self.assertEqual(self.sluice("check", "-c", "", code=2)[1],
                         "sluice check: --config: wanted a file, found ''\nSee `sluice check --help`.\n")  # fmt: skip

    def test_help_as_a_command_prints_the_help(self):
        self.assertEqual(self.sluice("help")[0], self.sluice("--help")[0])

    def test_what_stderr_does_not_take_does_not_change_the_exit_code(self):
        bad = self.file(BAD)
        for redirection in ("2>&-", "2>/dev/full"):
            for words, code in {"chek": 2, "": 2, "check --nothing": 2, f"check -c {bad}": 1, f"run -c {bad}": 1, f"healthcheck -c {bad}": 1}.items():
                with self.subTest(words=words, redirection=redirection):
                    self.assertEqual(self.shell(f"'{binary()}' {words} {redirection}").returncode, code)

    def test_a_stdout_that_is_closed_is_an_error(self):
        done = self.shell(f"'{binary()}' schema >&-")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "sluice: cannot write to stdout: Bad file descriptor\n")

    @staticmethod
    def shell(line):
        return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False)

    def test_what_cannot_be_printed_is_an_error(self):
        for words in ("schema", "reference", "version", "--version", "--help", f"check -c {self.file(GOOD)}"):
            with self.subTest(words), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run(
                    [binary(), *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
                )
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr, "sluice: cannot write to stdout: No space left on device\n")

    def test_healthcheck_asks_the_admin_listener(self):
        sluice = self.gateway(None, [{"respond": {"body": "hi"}}])
        config = self.file(GOOD + f'admin: {{ address: "{sluice.admin_address}" }}\n')
        for words in ([], ["--ready"]):
            self.assertEqual(self.sluice("healthcheck", "-c", config, *words), ("", ""))
        sluice.end_cleanly()
        out, err = self.sluice("healthcheck", "-c", config, code=1)
        self.assertEqual(out, "")
        self.assertEqual(err, f"sluice: {sluice.admin_address}/healthz: Connection refused\n")

    def test_healthcheck_says_what_is_missing(self):
        config = self.file(GOOD)
        self.assertEqual(self.sluice("healthcheck", "-c", config, code=1)[1],
                         f"sluice: {config}: it has no admin listener to ask\n")  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            config = self.file(GOOD + f'admin: {{ address: "127.0.0.1:{port}" }}\n')
            self.assertIn("no answer in time", self.sluice("healthcheck", "-c", config, code=1)[1])
