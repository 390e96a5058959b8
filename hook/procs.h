/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procs - processes, looked at and held
 *
 * A bare number is never trusted: a thread's id is mapped to its process, and a
 * process is known by its number and its start time together. A zombie counts
 * as gone. A pid that is not positive is ERROR_INPUT ("0" written to
 * cgroup.procs would move the writer itself).
 *
 * Only reads, but for procs_reset_affinity.
 */
#ifndef VMCG_HOOK_PROCS_H
#define VMCG_HOOK_PROCS_H

#include "hook/facts.h"

/* A process held fast: its number cannot be reused unnoticed. Starts as
 * PROCS_NONE; procs_release gives it back. */
struct held_process {
	int64_t pid;    /* thread group id */
	uint64_t start; /* as facts_process.start */
	int pidfd;      /* -1 where the kernel has none: then start alone decides */
};

#define PROCS_NONE ((struct held_process){.pidfd = -1})

/* Conditions */
enum {
	PROCS_NO_VM = 1, /* no process holds a KVM virtual machine */
	PROCS_ENDED,     /* it has ended; its number may be another's by now */
};

/*
 * Hold the process that pid belongs to. The start time is read before and after
 * the pidfd is opened. ERROR_HOST: it is gone (os is 0), or cannot be looked at.
 */
int procs_hold(struct held_process *ret, int64_t pid, struct error *e);
void procs_release(struct held_process *p);

/* Hold a process that is on record, by its number and start time. PROCS_ENDED, and *ret is
 * PROCS_NONE; ERROR_HOST: it cannot be looked at. */
int procs_hold_known(struct held_process *ret, const struct facts_process *was, struct error *e);

/* Does it still run, as far as can be told? */
bool procs_runs(const struct facts_process *was);

/* Is it still the same process, and running? */
bool procs_alive(const struct held_process *p);

/*
 * Describe the process that pid belongs to; init and kvm are left false. proc is
 * where procfs is mounted ("/proc"). ERROR_HOST: it is gone.
 */
int procs_describe(struct facts_process *ret, struct arena *a, const char *proc, int64_t pid,
		   struct error *e);

/* Is it a thread of the kernel? Such a one is where the kernel needs it. */
bool procs_is_kernels(int64_t pid);

/*
 * Refuse a process that no container's cgroup is for: the host's init, a thread of the kernel,
 * vmcg itself. Others serve more than one VM or end before it does. ERROR_HOST.
 */
int procs_refuse(int64_t pid, struct error *e);

/* Does the process hold a descriptor of a KVM VM? No, when its descriptors may not be looked at:
 * that takes the rights of ptrace(2). */
bool procs_holds_vm(struct arena *a, const char *proc, int64_t pid);

/* Just its cgroups, as struct facts_process has them. ERROR_HOST, os as above. */
int procs_cgroups(struct facts_member **ret, size_t *ret_n, struct arena *a, const char *proc,
		  int64_t pid, struct error *e);

/*
 * The processes below pid, parents before children, without pid itself; a moment's
 * picture of a moving thing. A pid that is gone has none.
 */
int procs_descendants(int64_t **ret, size_t *ret_n, struct arena *a, int64_t pid, struct error *e);

/*
 * The first of init and its descendants that holds a KVM VM; *ret_n is how many do
 * (more than one deserves a warning). PROCS_NO_VM: none. ERROR_HOST: init is gone.
 */
int procs_find_vm(int64_t *ret_pid, size_t *ret_n, int64_t init, struct error *e);

/*
 * Let every thread of the process run on all that its cpuset allows: a mask set
 * earlier would outlive the move into a wider one. Repeats until a listing shows
 * no new thread. Threads that end meanwhile, and kernel helpers that may not be
 * moved, are skipped. ERROR_HOST: the kernel refuses.
 */
int procs_reset_affinity(int64_t pid, struct error *e);

#endif
