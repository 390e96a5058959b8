/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmprocess - which process is the VM
 */
#include "hook/vmprocess.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hook/input.h"
#include "hook/log.h"

enum { MAX_PID = 1 << 22 }; /* PID_MAX_LIMIT of the kernel */

static const char *annotation(const struct oci_annotation *list, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].key, key) == 0)
			return list[i].value;
	return NULL;
}

static int parse_pid(int64_t *ret, const char *text, const char *file, struct error *e)
{
	char *end;
	long long pid = strtoll(text, &end, 10);

	end += strspn(end, " \t\r\n");
	if (end == text || *end || pid <= 0 || pid > MAX_PID)
		/* Not its content: the file may be one that only root can read. */
		return error_set(e, ERROR_INPUT, "%s: does not hold a process number", file);
	*ret = pid;
	return 0;
}

static int read_cgroups(struct facts_process *p, int64_t pid, struct arena *a)
{
	return procs_cgroups(&p->cgroups, &p->n_cgroups, a, "/proc", pid, NULL);
}

/*
 * Does a process share the cgroup of another in every hierarchy, one of them not a root? Where an
 * annotation says so, that must be the container's own: one that this vmcg is in as well is its
 * shim's, with whatever else that runs.
 */
static bool are_together(int64_t pid, int64_t init, bool trusted, struct arena *a)
{
	struct facts_process p = {0}, q = {0}, self = {0};
	bool is_own = false;

	if (read_cgroups(&p, pid, a) || read_cgroups(&q, init, a) ||
	    read_cgroups(&self, getpid(), a))
		return false;
	for (size_t i = 0; i < q.n_cgroups; i++) {
		const char *is = facts_process_path(&p, q.cgroups[i].hierarchy);
		const char *ours = facts_process_path(&self, q.cgroups[i].hierarchy);

		if (!is || strcmp(is, q.cgroups[i].path) != 0)
			return false;
		is_own |= strcmp(is, "/") != 0 && (trusted || !ours || strcmp(is, ours) != 0);
	}
	return is_own;
}

static bool belongs(int64_t pid, int64_t init, bool trusted, struct arena *a)
{
	int64_t *below = NULL;
	size_t n = 0;

	if (pid == init)
		return true;
	if (procs_descendants(&below, &n, a, init, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (below[i] == pid)
				return true;
	return are_together(pid, init, trusted, a);
}

/* Hold the process that somebody named; a thread's id becomes its process. */
static int hold(struct vmprocess *ret, int64_t pid, const char *why, struct error *e)
{
	*ret = (struct vmprocess){.held = PROCS_NONE, .why = why};
	if (procs_hold(&ret->held, pid, e) == 0 && procs_refuse(ret->held.pid, e) == 0)
		return 0;
	procs_release(&ret->held);
	return error_add(e, " (%s)", why);
}

/* A pid file that is not there yet: the VM does not run yet, and poststart will find it. Who
 * gives the command line is trusted without a container to compare with; who annotates is not. */
static int from_file(struct vmprocess *ret, const char *file, const char *why, bool trusted,
		     const struct oci_state *state, struct arena *a, struct error *e)
{
	const char *text;
	int64_t pid = 0;
	size_t len;
	int r;

	if (file[0] != '/')
		return error_set(e, ERROR_INPUT, "%s: \"%s\" is not an absolute path", why, file);
	r = input_file(&text, &len, file, a, e);
	if (r < 0)
		return -1;
	if (r == INPUT_ABSENT) {
		log_info("%s: %s is not there yet: the VM process is left to poststart", why, file);
		*ret = (struct vmprocess){.held = PROCS_NONE, .why = why};
		return 0;
	}
	if (parse_pid(&pid, text, file, e) < 0 || hold(ret, pid, why, e) < 0)
		return -1;
	if (state->pid ? belongs(ret->held.pid, state->pid, trusted, a) : trusted)
		return 0;
	procs_release(&ret->held);
	return error_set(e, ERROR_HOST,
			 "%s: process %lld does not belong to the container: it is neither a "
			 "descendant of its init (process %lld) nor in its cgroup",
			 file, (long long)pid, (long long)state->pid);
}

static int discover(struct vmprocess *ret, int64_t init, struct arena *a, struct error *e)
{
	int64_t pid = 0;
	size_t n = 0;
	int r;

	/* Below one that is no container's, any VM of the host would be found. */
	r = procs_refuse(init, e);
	if (r == 0)
		r = procs_find_vm(&pid, &n, init, e);
	if (r < 0)
		return error_add(e, " (state:/pid)");
	if (r == PROCS_NO_VM)
		return hold(ret, init, "state:/pid", e);
	if (n > 1)
		log_warning("%zu processes of the container hold a KVM VM: taking %lld", n,
			    (long long)pid);
	if (hold(ret, pid, "discovery:kvm", e) < 0)
		return -1;
	if (procs_holds_vm(a, "/proc", ret->held.pid))
		return 0;
	procs_release(&ret->held);
	return error_set(e, ERROR_HOST, "process %lld held a KVM VM a moment ago and is gone",
			 (long long)pid);
}

int vmprocess_find(struct vmprocess *ret, const struct context *c, const struct oci_state *state,
		   const struct oci_annotation *annotations, size_t n_annotations, struct error *e)
{
	const char *file = annotation(annotations, n_annotations, ANNOTATION_VM_PID_FILE);

	if (c->options.vm_pid)
		return hold(ret, c->options.vm_pid, "option:--vm-pid", e);
	if (c->options.vm_pid_file)
		return from_file(ret, c->options.vm_pid_file, "option:--vm-pid-file", true, state,
				 c->arena, e);
	if (file && policy_lists(&c->policy.annotations, ANNOTATION_VM_PID_FILE))
		return from_file(ret, file, "annotation:" ANNOTATION_VM_PID_FILE, false, state,
				 c->arena, e);
	if (state->pid)
		return discover(ret, state->pid, c->arena, e);
	*ret = (struct vmprocess){.held = PROCS_NONE};
	return 0;
}
