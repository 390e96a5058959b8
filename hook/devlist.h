/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devlist - the v1 device list: read it, bring it to a policy, compare it
 *
 * Source: the kernel's security/device_cgroup.c. Pure: text in, writes out;
 * the caller reads devices.list and makes each write with one write(2), in
 * order: the kernel takes one rule a write and drops what follows silently.
 *
 * Limits. A group whose default is allow does not tell its exceptions. Asking
 * for nothing (access(2) with F_OK) is denied by the kernel where no entry
 * names the device. A child group never gets back by itself what its parent
 * lost for a while, and can never have more than its parent: the kernel then
 * answers EPERM.
 */
#ifndef VMCG_HOOK_DEVLIST_H
#define VMCG_HOOK_DEVLIST_H

#include "hook/devrules.h"

/* What a group's list is now. */
struct devlist_state {
	bool allow;            /* the verdict for what no entry names */
	bool exceptions_known; /* false: the default is allow, and entries tell nothing */
	struct device_entry *entries;
	size_t n;
};

/* One write: the text, without a newline, to a file of the group. */
struct devlist_write {
	const char *file; /* "devices.allow" or "devices.deny" */
	const char *text; /* "c 10:232 rwm", or "a" */
};

/* What the caller knows about the group that is changed. */
struct devlist_group {
	const char *path;  /* for messages */
	bool has_children; /* the kernel then refuses to change the default */
	bool live;         /* a process inside must not be denied what it keeps */
};

enum {
	DEVLIST_E_WINDOW = 1, /* live, and everything would be denied for a moment */
};

/* Read the text of devices.list; path is for messages. Text that the kernel
 * does not write is ERROR_HOST. */
int devlist_parse(struct devlist_state *ret, const char *text, const char *path, struct arena *a,
		  struct error *e);

/*
 * The writes that bring a list to a policy in normal form; none when it is there
 * already. Only differences, grants before revocations, so that what both the
 * old and the new list allow is never denied in between. A change of the default
 * needs a reset: from allow to deny it would deny everything until the grants
 * are in, which is DEVLIST_E_WINDOW for a live group (freeze it and ask again
 * with live false, or refuse); with children it is ERROR_HOST, as the kernel has it.
 */
int devlist_transition(struct devlist_write **ret, size_t *ret_n, const struct devlist_state *from,
		       const struct device_policy *to, const struct devlist_group *group,
		       struct arena *a, struct error *e);

/* Does a list decide as a policy in normal form says? Where its exceptions are
 * not known only the default can be compared. */
bool devlist_matches(const struct devlist_state *state, const struct device_policy *policy,
		     struct arena *a);

/* A copy of a policy in normal form in which one entry holds what a request for read and
 * write needs: the v1 kernel and systemd's filter do not add up bits of two. */
struct device_policy devlist_close(const struct device_policy *p, struct arena *a);

#endif
