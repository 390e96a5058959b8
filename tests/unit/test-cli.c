/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cli - command lines: what they mean, and what is said about the others
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/cli.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { MAX_ARGS = 8 };

/* want: "COMMAND ARG... [NAME=VALUE...]", or "! " and a part of the message. */
static const struct {
	const char *argv[MAX_ARGS];
	const char *want;
} rows[] = {
    {{"createRuntime"}, "createRuntime"},
    {{"prestart"}, "prestart"},
    {{"poststart"}, "poststart"},
    {{"poststop"}, "poststop"},
    {{"createContainer"}, "createContainer"},
    {{"startContainer"}, "startContainer"},
    {{"show", "c1"}, "show c1"},
    {{"destroy", "--", "-c1"}, "destroy -c1"},
    {{"--", "list"}, "list"},
    {{"list", "--format", "json"}, "list json"},
    {{"--format=json", "list"}, "list json"},
    {{"--format=json", "list", "--format=text"}, "list"},
    {{"plan", "--state", "-", "--config=c", "--host", "h"}, "plan state=- config=c host=h"},
    {{"poststop", "--root", "/r"}, "poststop root=/r"},
    {{"poststop", "--root=--x"}, "poststop root=--x"},
    {{"poststop", "--root", "--x"}, "poststop root=--x"}, /* a value is a value */
    {{"poststop", "--root=a=b"}, "poststop root=a=b"},
    {{"prestart", "--cgroup-manager", "auto"}, "prestart"},
    {{"prestart", "--cgroup-manager=cgroupfs"}, "prestart manager=cgroupfs"},
    {{"prestart", "--cgroup-manager=systemd"}, "prestart manager=systemd"},
    {{"prestart", "--systemd-cgroup"}, "prestart manager=systemd"},
    {{"prestart", "--mode=own"}, "prestart mode=own"},
    {{"prestart", "--mode=adopt"}, "prestart mode=adopt"},
    {{"prestart", "--mode=adopt", "--mode", "auto"}, "prestart"},
    {{"prestart", "--vm-pid", "42"}, "prestart vm-pid=42"},
    {{"prestart", "--vm-pid=4194304"}, "prestart vm-pid=4194304"},
    {{"prestart", "--vm-pid-file", "/p"}, "prestart vm-pid-file=/p"},
    {{"prestart", "--policy=/p"}, "prestart policy=/p"},
    {{"prestart", "--dry-run", "--debug", "--log=/l", "--log-format=json"},
     "prestart dry-run debug log=/l log-json"},
    {{"--help"}, "- help"},
    {{"--version"}, "- version"},
    {{"nonsense", "--help"}, "- help"},

    {{NULL}, "! no command; see vmcg --help"},
    {{"nonsense"}, "! unknown command \"nonsense\"; see vmcg --help"},
    {{"CreateRuntime"}, "! unknown command \"CreateRuntime\""},
    {{""}, "! unknown command \"\""},
    {{"-"}, "! unknown command \"-\""},
    {{"show"}, "! usage: vmcg [OPTIONS] show ID"},
    {{"show", "a", "b"}, "! usage: vmcg [OPTIONS] show ID"},
    {{"poststop", "c1"}, "! usage: vmcg [OPTIONS] poststop"},
    {{"createRuntime", "--config", "c"},
     "! --config has no effect on createRuntime; it is for plan"},
    {{"--state=s", "poststop"}, "! --state has no effect on poststop; it is for plan"},
    {{"host", "--host", "h"}, "! --host has no effect on host; it is for plan"},
    {{"show", "--resources", "r", "c1"}, "! --resources has no effect on show; it is for update"},
    {{"list", "--vm-pid", "7"}, "! --vm-pid has no effect on list; it is for prestart"},
    {{"list", "--mode", "own"}, "! --mode has no effect on list"},
    {{"list", "--mode", "auto"}, "! --mode has no effect on list"},
    {{"show", "--dry-run", "c1"}, "! --dry-run has no effect on show"},
    {{"check", "--dry-run", "c1"}, "! --dry-run has no effect on check"},
    {{"plan", "--dry-run"}, "! --dry-run has no effect on plan"},
    {{"features", "--cgroup-manager=systemd"}, "! --cgroup-manager has no effect on features"},
    {{"host", "--systemd-cgroup"}, "! --systemd-cgroup has no effect on host"},
    {{"gc", "--vm-pid-file=/p"}, "! --vm-pid-file has no effect on gc"},
    /* one list of arguments may stand in the hooks of all stages */
    {{"poststop", "--systemd-cgroup", "--dry-run"}, "poststop manager=systemd dry-run"},
    {{"precreate", "--mode=own", "--dry-run"}, "precreate mode=own dry-run"},
    {{"plan", "--mode=own", "--vm-pid=7"}, "plan mode=own vm-pid=7"},
    {{"destroy", "--dry-run", "c1"}, "destroy c1 dry-run"},
    {{"gc", "--dry-run"}, "gc dry-run"},
    {{"add", "--dry-run", "c1", "7"}, "add c1 7 dry-run"},
    {{"device", "--dry-run", "add", "c1", "/d"}, "device add c1 /d dry-run"},
    {{"update", "--dry-run", "c1"}, "update c1 dry-run"},
    {{"show", "--log=/l", "--log-format=json", "--policy=/p", "--debug", "c1"},
     "show c1 policy=/p debug log=/l log-json"},
    {{"list", "--nonsense"}, "! unknown option \"--nonsense\"; see vmcg --help"},
    {{"list", "--nonsense=1"}, "! unknown option \"--nonsense=1\""},
    {{"list", "-x"}, "! unknown option \"-x\""},
    {{"list", "--roo", "/x"}, "! unknown option \"--roo\""}, /* no abbreviations */
    {{"list", "--rootx=1"}, "! unknown option \"--rootx=1\""},
    {{"list", "--root"}, "! --root needs a value: DIR"},
    {{"list", "--root="}, "! --root: the value is empty"},
    {{"list", "--root", ""}, "! --root: the value is empty"},
    {{"list", "--debug=yes"}, "! --debug takes no value"},
    {{"list", "--systemd-cgroup=1"}, "! --systemd-cgroup takes no value"},
    {{"list", "--mode", "owner"}, "! --mode: \"owner\" is none of auto|own|adopt"},
    {{"list", "--mode", "ow"}, "! --mode: \"ow\" is none of"},
    {{"list", "--mode="}, "! --mode: \"\" is none of"},
    {{"list", "--mode", "auto own"}, "! --mode: \"auto own\" is none of"},
    {{"list", "--format", "yaml"}, "! --format: \"yaml\" is none of text|json"},
    {{"list", "--vm-pid", "0"}, "! --vm-pid: \"0\" is not a process number"},
    {{"list", "--vm-pid", "-1"}, "! --vm-pid: \"-1\" is not a process number"},
    {{"list", "--vm-pid", "+1"}, "! \"+1\" is not a process number"},
    {{"list", "--vm-pid", "1x"}, "! \"1x\" is not a process number"},
    {{"list", "--vm-pid", ""}, "! \"\" is not a process number"},
    {{"list", "--vm-pid", "4194305"}, "! \"4194305\" is not a process number"},
    {{"list", "--vm-pid", "99999999999999999999"}, "! is not a process number"},
};

static void put_text(struct text *out, const char *name, const char *value)
{
	if (value)
		text_printf(out, " %s=%s", name, value);
}

static void put_flag(struct text *out, const char *name, bool set)
{
	if (set)
		text_printf(out, " %s", name);
}

static void render(struct text *out, const struct context *c)
{
	const struct options *o = &c->options;

	text_puts(out, c->command ? c->command->name : "-");
	for (size_t i = 0; i < c->n_args; i++)
		text_printf(out, " %s", c->args[i]);
	put_flag(out, "json", o->json);
	put_text(out, "root", o->root);
	put_text(out, "state", o->state);
	put_text(out, "config", o->config);
	put_text(out, "host", o->host);
	put_text(out, "manager", o->manager == CHOICE_AUTO ? NULL : manager_name[o->manager]);
	put_text(out, "mode", o->mode == CHOICE_AUTO ? NULL : mode_name[o->mode]);
	if (o->vm_pid)
		text_printf(out, " vm-pid=%lld", (long long)o->vm_pid);
	put_text(out, "vm-pid-file", o->vm_pid_file);
	put_text(out, "policy", o->policy);
	put_flag(out, "dry-run", o->dry_run);
	put_flag(out, "debug", o->debug);
	put_text(out, "log", o->log);
	put_flag(out, "log-json", o->log_json);
	put_flag(out, "help", o->help);
	put_flag(out, "version", o->version);
}

static bool run(size_t i, struct text *got)
{
	struct arena a = {0};
	struct context c = {.arena = &a};
	struct error e = {0};
	char *argv[MAX_ARGS + 1] = {arena_copy(&a, "vmcg", 4)};
	const char *want = rows[i].want;
	int argc = 1;
	bool ok;

	while (argc < MAX_ARGS && rows[i].argv[argc - 1]) {
		const char *arg = rows[i].argv[argc - 1];

		argv[argc++] = arena_copy(&a, arg, strlen(arg));
	}
	if (cli_parse(&c, argc, argv, &e) == 0) {
		render(got, &c);
		ok = strcmp(got->s, want) == 0;
	} else {
		text_printf(got, "! %s", e.text);
		ok = want[0] == '!' && strstr(e.text, want + 2) && e.kind == ERROR_USAGE;
	}
	arena_free(&a);
	return ok;
}

static void test_parse(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text got = {0};

		if (!run(i, &got)) {
			print_error("row %zu\n  want %s\n  got  %s\n", i, rows[i].want, got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* The stages say so, and those that run inside the container say what to do instead. */
static void test_stages(void **state)
{
	static const struct {
		const char *name;
		bool stage, inside, work;
	} commands[] = {
	    {"prestart", true, false, true},        {"createRuntime", true, false, true},
	    {"poststart", true, false, true},       {"poststop", true, false, true},
	    {"createContainer", true, true, false}, {"startContainer", true, true, false},
	    {"plan", false, false, false},          {"list", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct arena a = {0};
		struct context c = {.arena = &a};
		struct error e = {0};
		char *argv[] = {arena_copy(&a, "vmcg", 4),
				arena_copy(&a, commands[i].name, strlen(commands[i].name)), NULL};

		assert_int_equal(cli_parse(&c, 2, argv, &e), 0);
		assert_int_equal(c.command->stage, commands[i].stage);
		assert_int_equal(c.command->sandbox == SANDBOX_WORK, commands[i].work);
		if (commands[i].inside) {
			assert_int_equal(c.command->run(&c, &e), -1);
			assert_int_equal(e.kind, ERROR_USAGE);
			assert_non_null(strstr(e.text, "createRuntime and poststop"));
		}
		arena_free(&a);
	}
}

/* One table makes both: what is in one is in the other. */
static void test_help_and_completion(void **state)
{
	static const char *const words[] = {"createRuntime", "poststop",      "destroy",
					    "--root",        "--vm-pid-file", "--help"};
	struct text help = {0}, completion = {0};

	(void)state;
	cli_help(&help);
	cli_completion(&completion);
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_non_null(strstr(help.s, words[i]));
		assert_non_null(strstr(completion.s, words[i]));
	}
	for (const char *line = help.s; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > 100)
			fail_msg("too wide: %.*s", (int)strcspn(line, "\n"), line);
	text_free(&help);
	text_free(&completion);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_stages),
	    cmocka_unit_test(test_help_and_completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
