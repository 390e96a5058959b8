/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf - device programs in the kernel: load, list, attach, replace, detach
 *
 * The only file that makes the bpf system call. A cgroup is given as a
 * directory descriptor (O_PATH is enough). Programs are attached with
 * BPF_F_ALLOW_MULTI: all programs of the group and of its ancestors run, and
 * each may deny. Programs of others (systemd, runtimes) are never touched: ours
 * are known by their name.
 *
 * System calls: bpf, fcntl(F_DUPFD_CLOEXEC), prlimit64, close.
 */
#ifndef VMCG_HOOK_BPF_H
#define VMCG_HOOK_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "oci/arena.h"
#include "oci/error.h"

#define BPF_OUR_NAME "vmcg_dev"

enum { BPF_MAX_ATTACHED = 64 }; /* programs in one group, by the kernel */

enum {
	BPF_E_GONE = 1, /* that program does not exist any more, or is not attached there */
	BPF_E_HIDDEN,   /* that program exists, but we may not look at it */
	BPF_E_FOREIGN,  /* that program is not ours */
};

/* The way to the kernel; a test puts its own in place. NULL as an argument: the
 * real one. call returns -1 with errno, as syscall(2) does. */
struct bpf_kernel {
	long (*call)(void *user, int command, union bpf_attr *attr, unsigned size);
	int (*limit)(void *user, const struct rlimit *set, struct rlimit *ret); /* RLIMIT_MEMLOCK */
	void *user;
};

/* Close a descriptor that is not -1: __attribute__((cleanup)) of a local. */
void bpf_close(int *fd);
#define BPF_CLOSED_AT_END __attribute__((cleanup(bpf_close)))

/* Load a device program. *ret_fd is at least 3 and close-on-exec; the caller
 * closes it. Refusals are ERROR_HOST, with the last line of the verifier's log. */
int bpf_load(const struct bpf_kernel *k, int *ret_fd, uint32_t *ret_id,
	     const struct bpf_insn *insns, size_t n, struct error *e);

/* Ids of the device programs that are attached to the group itself. */
int bpf_list(const struct bpf_kernel *k, uint32_t **ret_ids, size_t *ret_n, int cgroup_fd,
	     struct arena *a, struct error *e);

/* A descriptor for a program. 0, BPF_E_GONE or BPF_E_HIDDEN. */
int bpf_open_id(const struct bpf_kernel *k, int *ret_fd, uint32_t id, struct error *e);

/* What the kernel tells about a program: id, name, tag (a hash of the instructions). */
int bpf_info(const struct bpf_kernel *k, struct bpf_prog_info *ret, int prog_fd, struct error *e);

/* A descriptor for a program that vmcg loaded, and what is known about it. 0, BPF_E_GONE,
 * BPF_E_HIDDEN or BPF_E_FOREIGN. */
int bpf_open_ours(const struct bpf_kernel *k, int *ret_fd, struct bpf_prog_info *ret_info,
		  uint32_t id, struct error *e);

/* Is it a program that vmcg loaded? No, when it is gone or hidden. */
bool bpf_is_ours(const struct bpf_kernel *k, uint32_t id);

/* Is it the program that systemd makes of a unit's DevicePolicy and DeviceAllow? No, when it is
 * gone or hidden. systemd before 250 gave it no name. */
bool bpf_is_systemds(const struct bpf_kernel *k, uint32_t id);

/* Add a program to those of the group. */
int bpf_attach(const struct bpf_kernel *k, int cgroup_fd, int prog_fd, struct error *e);

/* Put one program in the place of another, atomically; before Linux 5.6 the new
 * one is attached before the old one is detached. BPF_E_GONE: the old one is not there. */
int bpf_replace(const struct bpf_kernel *k, int cgroup_fd, int new_fd, int old_fd, struct error *e);

/* Take exactly this program away. BPF_E_GONE: it is not attached there, or by a link. */
int bpf_detach(const struct bpf_kernel *k, int cgroup_fd, int prog_fd, struct error *e);

#endif
