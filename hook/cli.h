/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - the command line: one table of commands and one of options
 *
 * Parsing, --help, the completion script and the man page's lists all come from
 * the two tables.
 */
#ifndef VMCG_HOOK_CLI_H
#define VMCG_HOOK_CLI_H

#include "hook/context.h"
#include "hook/sandbox.h"

struct command {
	const char *name;
	const char *args; /* "ID", "ID PID..."; "" for none */
	const char *what; /* one line of help */
	int (*run)(struct context *c, struct error *e);
	enum sandbox sandbox;
	size_t min_args, max_args;
	bool stage;     /* an OCI stage: silent on standard output, logs to syslog */
	bool systemd;   /* may have to ask systemd */
	unsigned takes; /* options beyond those that all take */
};

/* Groups of options that some commands take; one that a command does not take is refused. */
enum {
	TAKES_SETUP = 1,   /* --cgroup-manager, --systemd-cgroup, --mode, --vm-pid, --vm-pid-file */
	TAKES_DRY_RUN = 2, /* the command may change something */
	TAKES_DOCUMENTS = 4, /* --state, --config, --host */
	TAKES_RESOURCES = 8,
	TAKES_ANY_POLICY = 16, /* a --policy that cannot be read is a warning: the record decides */
};

/* Fill in options, command and args from argv. ERROR_USAGE: one line that says what and why. */
int cli_parse(struct context *c, int argc, char *const *argv, struct error *e);

void cli_help(struct text *out);

/* The names of the commands, in the order of the help; NULL behind the last. */
const char *cli_command_name(size_t i);

/* A completion script for bash, from the same tables. */
void cli_completion(struct text *out);

#endif
