/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_work - one container as show found it: what show_text.c and show_json.c print
 */
#ifndef VMCG_HOOK_SHOW_WORK_H
#define VMCG_HOOK_SHOW_WORK_H

#include "hook/inspect.h"
#include "oci/text.h"

/* A value that setup wrote, and what stands there now. */
struct show_setting {
	const struct plan_step *step;
	const char *live; /* NULL: the file is not there */
	bool differs;     /* live does not mean what was set */
};

struct show_process {
	int64_t pid;
	const char *comm;
	const char *hypervisor; /* NULL: not recognised */
	bool kvm;
	bool added; /* by `vmcg add` */
};

struct show {
	struct arena *arena;
	const struct record *record;
	int64_t now; /* seconds since the epoch */
	struct inspect_life life;
	bool gone;             /* it has no group on this host, or went with another boot */
	const char *condition; /* "running", in words */
	struct usage usage;
	struct show_setting *settings;
	size_t n_settings;
	struct show_process *processes;
	size_t n_processes;
};

/* "  word         what there is to say": one line of the text form. */
void show_line(struct text *out, const char *word, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The part about usage. */
void show_usage(const struct usage *u, struct text *out);

void show_text(const struct show *s, struct text *out);
void show_json(const struct show *s, struct text *out);

#endif
