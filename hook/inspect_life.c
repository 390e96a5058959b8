/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect_life - does a recorded container live, and which hypervisor is it?
 *
 * A number alone is not trusted: the process is the recorded one if its start
 * time agrees, and what was seen of it counts only if it still runs afterwards.
 */
#include <stdlib.h>

#include "hook/cgpath.h"
#include "hook/inspect.h"
#include "hook/procs.h"
#include "hook/setup_facts.h"
#include "hook/sysfile.h"

/* How deep below the target processes are looked for. */
enum { MAX_DEPTH = 16 };

/* --- the group --- */

struct pids {
	int64_t *list;
	size_t n;
};

/* Those in the group and in the groups below it. */
static void list_pids(struct pids *p, struct cgroupfs *fs, const char *hierarchy, const char *path,
		      int depth)
{
	const char **children = NULL;
	int64_t *here = NULL;
	size_t n = 0;

	if (cgroupfs_procs(&here, &n, fs, hierarchy, path, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		*ARENA_APPEND(fs->arena, p->list, p->n) = here[i];
	if (depth == MAX_DEPTH || cgroupfs_children(&children, &n, fs, hierarchy, path, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		list_pids(p, fs, hierarchy, cgpath_join(fs->arena, path, children[i]), depth + 1);
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* One hierarchy is enough: a process of the container is in the target in all of them. The first
 * that has processes is taken; in adopt mode the runtime may not have used each. */
void inspect_processes(int64_t **ret, size_t *ret_n, struct cgroupfs *fs, const struct record *r)
{
	struct pids p = {0};
	size_t kept = 0;

	for (size_t i = 0; i < r->n_mounts && !p.n; i++) {
		const char *name = r->mounts[i].name;

		list_pids(&p, fs, name, usage_path(r, name), 0);
	}
	if (p.n)
		qsort(p.list, p.n, sizeof(*p.list), by_number);
	for (size_t i = 0; i < p.n; i++)
		if (!kept || p.list[i] != p.list[kept - 1])
			p.list[kept++] = p.list[i];
	*ret = p.list;
	*ret_n = kept;
}

bool inspect_has_group(const struct record *r)
{
	return r->n_steps > 0 || r->mode == MODE_ADOPT;
}

/* --- the VM process --- */

/* A launcher is known by the VM that another process of the group holds. */
static const char *held_by_another(struct cgroupfs *fs, const struct record *r)
{
	struct arena *a = fs->arena;
	const char *comm, *name = NULL;
	int64_t *pids;
	size_t n;

	inspect_processes(&pids, &n, fs, r);
	for (size_t i = 0; i < n && !name; i++)
		if (procs_holds_vm(a, "/proc", pids[i]) &&
		    sysfile_read_line(&comm, a,
				      arena_printf(a, "/proc/%lld/comm", (long long)pids[i])) == 0)
			name = vmm_name(comm, true);
	return name;
}

/* The process is held. */
static void look_at(struct inspect_life *l, struct cgroupfs *fs, const struct record *r,
		    bool thorough)
{
	struct arena *a = fs->arena;
	const char *comm;

	if (sysfile_read_line(&comm, a, arena_printf(a, "/proc/%lld/comm", (long long)r->vm.pid)) ==
		0 &&
	    *comm)
		l->comm = comm;
	l->hypervisor = vmm_name(l->comm, false);
	if (l->hypervisor && !thorough)
		return;
	vmm_look(&l->vm, a, r->vm.pid, l->comm);
	if (l->vm.name)
		l->hypervisor = l->vm.name;
	else if (!l->vm.kvm)
		l->hypervisor = held_by_another(fs, r);
}

void inspect_life(struct inspect_life *ret, struct cgroupfs *fs, const struct record *r,
		  bool thorough)
{
	struct held_process held = PROCS_NONE;
	const struct inspect_life gone = {.this_boot = setup_is_this_boot(r->boot, fs->arena),
					  .comm = r->vm.pid ? r->vm.comm : NULL,
					  .hypervisor =
					      r->vm.pid ? vmm_name(r->vm.comm, false) : NULL};

	*ret = gone;
	if (!gone.this_boot || !r->vm.pid || procs_hold(&held, r->vm.pid, NULL) < 0)
		return;
	if (held.start == r->vm.start) {
		look_at(ret, fs, r, thorough);
		ret->runs = procs_alive(&held);
	}
	procs_release(&held);
	if (!ret->runs)
		*ret = gone;
}

const char *inspect_condition(const struct record *r, const struct inspect_life *l,
			      const struct usage *u)
{
	if (!l->this_boot)
		return "of another boot";
	if (r->status != RECORD_APPLIED)
		return "half-done";
	if (!r->vm.pid)
		return "no VM yet";
	if (!l->runs)
		return "VM gone";
	return u->frozen.set && u->frozen.v ? "paused" : "running";
}
