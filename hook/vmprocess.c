/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmprocess - which process is the VM
 */
#include "hook/vmprocess.h"

#include <stdlib.h>
#include <string.h>

#include "hook/input.h"
#include "hook/log.h"
#include "hook/procs.h"

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
		return error_set(e, ERROR_INPUT, "%s: \"%.40s\" is not a process number", file,
				 text);
	*ret = pid;
	return 0;
}

/* A descendant of init, or a neighbour in its cgroup (any hierarchy but a root). */
static bool belongs(int64_t pid, int64_t init, struct arena *a)
{
	struct facts_process p = {0}, q = {0};
	int64_t *below = NULL;
	size_t n = 0;

	if (pid == init)
		return true;
	if (procs_descendants(&below, &n, a, init, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (below[i] == pid)
				return true;
	if (procs_cgroups(&p.cgroups, &p.n_cgroups, a, "/proc", pid, NULL) ||
	    procs_cgroups(&q.cgroups, &q.n_cgroups, a, "/proc", init, NULL))
		return false;
	for (size_t i = 0; i < q.n_cgroups; i++) {
		const char *is = facts_process_path(&p, q.cgroups[i].hierarchy);

		if (is && strcmp(is, "/") != 0 && strcmp(is, q.cgroups[i].path) == 0)
			return true;
	}
	return false;
}

/* A pid file that is not there yet: the VM does not run yet, and poststart will find it. */
static int from_file(struct vmprocess *ret, const char *file, const char *why,
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
		*ret = (struct vmprocess){.why = why};
		return 0;
	}
	if (parse_pid(&pid, text, file, e) < 0)
		return -1;
	if (!state->pid || !belongs(pid, state->pid, a))
		return error_set(
		    e, ERROR_HOST,
		    "%s: process %lld does not belong to the container: it is neither a "
		    "descendant of its init (process %lld) nor in its cgroup",
		    file, (long long)pid, (long long)state->pid);
	*ret = (struct vmprocess){.pid = pid, .why = why};
	return 0;
}

static int discover(struct vmprocess *ret, int64_t init, struct error *e)
{
	int64_t pid = 0;
	size_t n = 0;
	int r;

	r = procs_find_vm(&pid, &n, init, e);
	if (r < 0)
		return error_add(e, " (state:/pid)");
	if (r == PROCS_NO_VM) {
		*ret = (struct vmprocess){.pid = init, .why = "state:/pid"};
		return 0;
	}
	if (n > 1)
		log_warning("%zu processes of the container hold a KVM VM: taking %lld", n,
			    (long long)pid);
	*ret = (struct vmprocess){.pid = pid, .why = "discovery:kvm"};
	return 0;
}

int vmprocess_find(struct vmprocess *ret, const struct context *c, const struct oci_state *state,
		   const struct oci_annotation *annotations, size_t n_annotations, struct error *e)
{
	const char *file = annotation(annotations, n_annotations, ANNOTATION_VM_PID_FILE);

	if (c->options.vm_pid) {
		*ret = (struct vmprocess){.pid = c->options.vm_pid, .why = "option:--vm-pid"};
		return 0;
	}
	if (c->options.vm_pid_file)
		return from_file(ret, c->options.vm_pid_file, "option:--vm-pid-file", state,
				 c->arena, e);
	if (file && policy_lists(&c->policy.annotations, ANNOTATION_VM_PID_FILE))
		return from_file(ret, file, "annotation:" ANNOTATION_VM_PID_FILE, state, c->arena,
				 e);
	if (!state->pid) {
		*ret = (struct vmprocess){0};
		return 0;
	}
	return discover(ret, state->pid, e);
}
