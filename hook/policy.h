/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy - the administrator's file, /etc/vmcg/policy.json
 *
 * What the container's config and annotations may not decide: the hypervisor's
 * devices, which annotations act, what happens to processes at the end. The
 * file is validated strictly: an unknown name is an error that lists the known
 * ones. Its form is in vmcg(8).
 */
#ifndef VMCG_HOOK_POLICY_H
#define VMCG_HOOK_POLICY_H

#include "oci/json.h"

#define POLICY_PATH            "/etc/vmcg/policy.json"

/* The annotations that vmcg knows. */
#define ANNOTATION_PREFIX      "io.vmcg."
#define ANNOTATION_VM_PID_FILE "io.vmcg.vm-pid-file"
#define ANNOTATION_DEVICES     "io.vmcg.devices"
#define ANNOTATION_ENABLE      "io.vmcg.enable" /* a condition for hooks.d files */

struct policy_list {
	const char **items;
	size_t n;
};

struct policy {
	struct policy_list add;         /* devices: more hypervisor devices, by path */
	struct policy_list remove;      /* not these of the built-in ones */
	struct policy_list require;     /* a missing one is an error */
	struct policy_list deny;        /* never, whatever config.json says: exact nodes */
	struct policy_list permit;      /* what the annotation may add: shell patterns */
	struct policy_list annotations; /* the annotations that act */
	bool rootless_require;          /* a rootless caller without delegation is an error */
	bool join;                      /* --mode own may join a group that others populate */
	bool kill;                      /* on_stop: kill what is left instead of moving it */
	const char *manager;            /* NULL, or the default for --cgroup-manager */
	const char *root;               /* NULL, or the default for --root */
};

/* No file: {0} is the policy. Everything lives in the arena. Errors are ERROR_INPUT. */
int policy_parse(struct policy *ret, struct arena *a, const char *bytes, size_t len,
		 struct error *e);

bool policy_lists(const struct policy_list *list, const char *item);

/* Does a shell pattern of the list match the whole item? "*" does not match a slash. */
bool policy_permits(const struct policy_list *list, const char *item);

#endif
