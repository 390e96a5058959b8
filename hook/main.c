/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main - argv to command to exit code
 *
 * The order matters: a clean process, the command line, the log file, then the
 * sandbox, and only then the first byte of input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/bus.h"
#include "hook/cli.h"
#include "hook/input.h"
#include "hook/log.h"
#include "hook/procfs.h"

/* In /tmp, others may have been there before. */
static bool is_ours_to_write(const char *dir)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/*
 * Where a user's sockets and records are. A hook's environment may be empty, at poststop above all,
 * and its user namespace may call him root: the directory is then looked for by his number outside,
 * where a login has it, and where podman makes it for a user who has not logged in.
 */
static const char *runtime_directory(struct arena *a, const char *map, size_t len)
{
	/* The login's, podman 5's and podman 4's. */
	static const char *const usual[] = {"/run/user/", "/tmp/storage-run-", "/tmp/podman-run-"};
	/* The only thing ever read from the environment, and only for a rootless caller. */
	const char *named = getenv("XDG_RUNTIME_DIR");
	int64_t uid = procfs_uid_outside(map, len, geteuid());

	if (named && named[0] == '/')
		return named;
	for (size_t i = 0; uid >= 0 && i < sizeof(usual) / sizeof(*usual); i++) {
		const char *dir = arena_printf(a, "%s%lld", usual[i], (long long)uid);

		if (is_ours_to_write(dir))
			return dir;
	}
	return NULL;
}

/* root of a user namespace is not the host's. */
static void decide_root(struct context *c)
{
	const char *map = "";
	size_t len = 0;
	bool known = input_proc(&map, &len, "/proc/self/uid_map", c->arena) == 0;

	c->rootless = geteuid() != 0 || (known && !procfs_uid_map_is_initial(map, len));
	if (c->rootless)
		c->runtime = runtime_directory(c->arena, map, known ? len : 0);
	c->root = c->options.root ? c->options.root : c->policy.root;
	if (!c->root)
		c->root = c->runtime ? arena_printf(c->arena, "%s/vmcg", c->runtime) : "/run/vmcg";
}

static int read_policy(struct context *c, struct error *e)
{
	const char *file = c->options.policy ? c->options.policy : POLICY_PATH;
	const char *bytes;
	size_t len;
	int r;

	r = input_file(&bytes, &len, file, c->arena, e);
	if (r == INPUT_ABSENT && c->options.policy)
		return error_set(e, ERROR_INPUT, "%s: no such file (--policy)", file);
	if (r)
		return r < 0 ? -1 : 0;
	if (policy_parse(&c->policy, c->arena, bytes, len, e) < 0)
		return error_add(e, " (%s)", file);
	if (c->options.manager == CHOICE_AUTO && c->policy.manager)
		c->options.manager = strcmp(c->policy.manager, "systemd") == 0    ? MANAGER_SYSTEMD
				     : strcmp(c->policy.manager, "cgroupfs") == 0 ? MANAGER_CGROUPFS
										  : CHOICE_AUTO;
	return 0;
}

/* A mistake in the file must not keep what is set up: teardown goes by the record. */
static int load_policy(struct context *c, struct error *e)
{
	if (read_policy(c, e) == 0)
		return 0;
	if (!(c->command->takes & TAKES_ANY_POLICY))
		return -1;
	log_warning("%s; %s goes by the record, with the built-in defaults", e->text,
		    c->command->name);
	c->policy = (struct policy){0};
	return 0;
}

static int run(struct context *c, struct error *e)
{
	const struct log_options log = {.file = c->options.log,
					.command = c->command->name,
					.json = c->options.log_json,
					.debug = c->options.debug,
					.syslog = c->command->stage};

	int r;

	c->sandbox = c->command->systemd ? bus_sandbox(&c->options, c->command->sandbox)
					 : c->command->sandbox;
	if (log_open(&log, e) < 0 || sandbox_enter(c->sandbox, e) < 0)
		return -1;
	if (load_policy(c, e) < 0)
		return -1;
	decide_root(c);
	r = c->command->run(c, e);
	bus_close(c);
	return r;
}

/* What was done is done, whether or not it could be told. */
static const char *what_of_the_work(const struct context *c, int code)
{
	if (!c->command || !(c->command->takes & TAKES_DRY_RUN) || c->options.dry_run)
		return "nothing was changed";
	return code ? "the command itself failed as said above"
		    : "but the command's work is done: do not repeat it for that";
}

/* Output appears whole, and only when the command has succeeded or it is about a failure. */
static int print(const struct context *c, int code)
{
	const struct text *out = c->out;

	for (size_t at = 0; at < out->len;) {
		ssize_t n = write(STDOUT_FILENO, out->s + at, out->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_error("standard output: %s: cannot write what %s has to say; %s",
				  strerror(errno), c->command ? c->command->name : "vmcg",
				  what_of_the_work(c, code));
			return code ? code : ERROR_INTERNAL;
		}
		at += (size_t)n;
	}
	return code;
}

int main(int argc, char **argv)
{
	struct arena arena = {0};
	struct text out = {0};
	struct context c = {.arena = &arena, .out = &out};
	struct error e = {.kind = ERROR_INTERNAL, .text = "failed without saying why"};
	int code = 0;

	sandbox_clean_start();
	if (cli_parse(&c, argc, argv, &e) < 0) {
		log_error("%s", e.text);
		code = ERROR_USAGE;
	} else if (c.options.help) {
		cli_help(&out);
	} else if (c.options.completion) {
		cli_completion(&out);
	} else if (c.options.version) {
		text_puts(&out, "vmcg " VMCG_VERSION "\n");
	} else if (run(&c, &e) < 0) {
		log_error("%s", e.text);
		code = (int)e.kind;
	}
	if (!code || c.report)
		code = print(&c, code);
	text_free(&out);
	arena_free(&arena);
	return code;
}
