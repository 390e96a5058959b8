/* SPDX-License-Identifier: Apache-2.0 */
/*
 * context - what a command gets: the options, the policy, and where its output goes
 */
#ifndef VMCG_HOOK_CONTEXT_H
#define VMCG_HOOK_CONTEXT_H

#include "hook/policy.h"
#include "hook/sandbox.h"
#include "hook/target.h"
#include "oci/text.h"

struct options {
	const char *root;        /* NULL: policy's, or the default */
	int manager;             /* enum manager or CHOICE_AUTO */
	int mode;                /* enum mode or CHOICE_AUTO */
	int64_t vm_pid;          /* 0: not given */
	const char *vm_pid_file; /* NULL: not given */
	const char *policy;      /* NULL: POLICY_PATH if it exists */
	bool json;
	bool dry_run;
	const char *log;
	bool log_json, debug;
	bool help, version, completion;
	const char *state, *config, *host; /* plan: files, "-" is standard input */
	const char *resources;             /* update: the same */
	const char *yard;                  /* test build */
};

struct systemd;

struct context {
	struct options options;
	const struct command *command;
	const char **args; /* behind the command */
	size_t n_args;
	struct policy policy;
	const char *root; /* run directory, decided */
	bool rootless;
	const char *runtime;     /* rootless: XDG_RUNTIME_DIR, or NULL */
	enum sandbox sandbox;    /* the one that was entered */
	bool sealed;             /* and closed for good: bus.c */
	struct systemd *systemd; /* the connection, once one was needed: bus.c */
	struct arena *arena;
	struct text *out; /* printed to standard output when the command has succeeded */
	bool report;      /* out is a report, and printed however the command ends */
};

#endif
