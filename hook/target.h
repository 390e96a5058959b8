/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target - which cgroup, made by whom, and whether it is ours
 *
 * Three questions, answered from the config, the command line and the facts,
 * before anything is touched:
 *   manager  systemd when it runs and cgroupsPath has its form, or there is none and
 *            init sits in a scope named after the container; else, and where init
 *            sits in a directory of that form, cgroupfs
 *   path     cgroupsPath, cleaned; without one the group that the container's
 *            init sits in when it is named after the container, else /vmcg/ID
 *            (systemd: vmcg-ID.scope)
 *   mode     adopt what the runtime made and init sits in; else own
 * Moving a container's init out of its runtime's cgroup breaks exec, pause, kill
 * and stats there, so no answer ever leads to that. The runtime's is a group that
 * is named after the container, or after what cgroupsPath says.
 */
#ifndef VMCG_HOOK_TARGET_H
#define VMCG_HOOK_TARGET_H

#include "hook/plan.h"

/* What a caller may leave to us. */
enum choice { CHOICE_AUTO = -1 };

struct target_wishes {
	const char *id;           /* the container */
	const char *cgroups_path; /* NULL or "": absent */
	int manager;              /* enum manager or CHOICE_AUTO */
	int mode;                 /* enum mode or CHOICE_AUTO */
	int64_t init;             /* state.pid; 0: unknown */
	int64_t vm;               /* the VM process; 0: not known yet */
	bool join;                /* policy: own mode may join a populated group */
	bool rootless_require;    /* policy: no delegation is an error */
};

struct target {
	enum manager manager;
	enum mode mode;
	const char *path;         /* within every hierarchy, unless adopted elsewhere */
	const char *id;           /* the container's */
	const char *unit, *slice; /* systemd manager; else NULL */
	const char *why;          /* JSON pointer or rule that the path comes from */
	const char *tail;         /* adopt: what a group's path must end in, where the runtime
				   * chose the base; NULL: the path itself */
	const char *warning;      /* NULL, or one line worth saying */
	bool fresh;               /* nothing exists at the path yet */
	bool standing;            /* systemd: a unit that vmcg started stands there already */
	bool nothing;             /* rootless without delegation: no limit can apply */
};

/* The group of a container for which nobody named one: /vmcg/ID. */
const char *target_default_path(const char *id, struct arena *a);

/* Manager and path. Needs facts about init, not yet about cgroups. ERROR_INPUT, ERROR_HOST. */
int target_locate(struct target *ret, const struct target_wishes *w, const struct facts *f,
		  struct arena *a, struct error *e);

/* Mode, from the facts about the cgroups at and above t->path, and with --mode own also
 * about the default path, where the VM goes when t->path is the runtime's. ERROR_HOST. */
int target_decide(struct target *t, const struct target_wishes *w, const struct facts *f,
		  struct arena *a, struct error *e);

/*
 * The target as it is in one hierarchy. A runtime may have placed the container
 * below a different base in each v1 hierarchy; NULL: in adopt mode, init is not
 * in a group of this container there.
 */
const char *target_path_in(const struct target *t, const struct facts *f, int64_t init,
			   const char *hierarchy, struct arena *a);

#endif
