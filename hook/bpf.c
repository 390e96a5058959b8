/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf - device programs in the kernel: load, list, attach, replace, detach
 *
 * How it works. Every call gets the full, zeroed attribute union: old kernels
 * refuse unknown fields only if they are set, and some write results behind a
 * shorter one. A program is loaded without a log first; only a refusal is
 * worth the verifier's log. Descriptors stay clear of 0..2, which the kernel
 * takes for "unset" in some fields.
 *
 * Before 5.11 programs count against RLIMIT_MEMLOCK, and too low a limit looks
 * like a missing privilege (EPERM): the limit is raised, the load tried once
 * more, and the limit put back, because children inherit it.
 */
#include "hook/bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	LOAD_TRIES = 30,    /* EAGAIN: a signal interrupted the verifier */
	LIST_TRIES = 8,     /* ENOSPC: programs were added while we asked */
	LOG_FIRST = 65536,  /* bytes */
	LOG_MOST = 1 << 22, /* kernels before 5.2 refuse 16 MiB and more */
};

/* --- the way to the kernel --- */

static long real_call(void *user, int command, union bpf_attr *attr, unsigned size)
{
	(void)user;
	return syscall(SYS_bpf, command, attr, size);
}

static int real_limit(void *user, const struct rlimit *set, struct rlimit *ret)
{
	(void)user;
	return prlimit(0, RLIMIT_MEMLOCK, set, ret);
}

static const struct bpf_kernel *kernel_of(const struct bpf_kernel *k)
{
	static const struct bpf_kernel real = {real_call, real_limit, NULL};

	return k ? k : &real;
}

/* The call itself: a value from 0 up, or a negative errno. */
static long call(const struct bpf_kernel *k, int command, union bpf_attr *attr)
{
	long r;

	k = kernel_of(k);
	r = k->call(k->user, command, attr, sizeof(*attr));
	return r < 0 ? -errno : r;
}

static __u64 pointer(const void *p)
{
	return (__u64)(uintptr_t)p;
}

void bpf_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Hand a descriptor over: it is no longer closed here. */
static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* The same file, at 3 or above; the descriptor is consumed. A negative errno on failure. */
static int keep_clear(int fd)
{
	int moved, r;

	if (fd > 2)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	r = moved < 0 ? -errno : moved;
	close(fd);
	return r;
}

/* --- loading --- */

/* One attempt at the verifier, repeated while signals interrupt it. */
static int load_once(const struct bpf_kernel *k, const struct bpf_insn *insns, size_t n, char *log,
		     size_t log_size)
{
	union bpf_attr attr;
	long r = -EAGAIN;

	for (int i = 0; i < LOAD_TRIES && r == -EAGAIN; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
		attr.insns = pointer(insns);
		attr.insn_cnt = (__u32)n;
		attr.license = pointer("Apache-2.0");
		memcpy(attr.prog_name, BPF_OUR_NAME, sizeof(BPF_OUR_NAME));
		if (log) {
			attr.log_level = 1;
			attr.log_buf = pointer(log);
			attr.log_size = (__u32)log_size;
		}
		r = call(k, BPF_PROG_LOAD, &attr);
	}
	return (int)r;
}

/* Once more under the highest locked-memory limit that can be had; then the old limit again. */
static int load_unlimited(const struct bpf_kernel *k, const struct bpf_insn *insns, size_t n)
{
	const struct bpf_kernel *way = kernel_of(k);
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit old, hard;
	int r;

	if (way->limit(way->user, NULL, &old) < 0)
		return -EPERM;
	hard = (struct rlimit){old.rlim_max, old.rlim_max};
	if (way->limit(way->user, &all, NULL) < 0 && way->limit(way->user, &hard, NULL) < 0)
		return -EPERM;
	r = load_once(k, insns, n, NULL, 0);
	way->limit(way->user, &old, NULL);
	return r;
}

/* The last line of the verifier's log that says something; the statistics behind it do not. */
static char *last_word(char *log)
{
	char *line = log, *said = log;

	while (line) {
		char *end = strchr(line, '\n');

		if (end)
			*end++ = '\0';
		if (*line && strncmp(line, "processed ", strlen("processed ")) &&
		    strncmp(line, "verification time", strlen("verification time")))
			said = line;
		line = end;
	}
	return said;
}

/* Ask the verifier for its reasons and put the last of them into the error. */
static void add_log(const struct bpf_kernel *k, const struct bpf_insn *insns, size_t n,
		    struct error *e)
{
	for (size_t size = LOG_FIRST; size <= LOG_MOST; size *= 4) {
		char *log, *said;
		int r;

		log = calloc(1, size);
		if (!log)
			return;
		r = load_once(k, insns, n, log, size);
		if (r >= 0)
			close(r); /* only the refusal was of interest */
		log[size - 1] = '\0';
		said = last_word(log);
		if (r != -ENOSPC && *said)
			error_add(e, ": %.300s", said);
		free(log);
		if (r != -ENOSPC)
			return;
	}
}

/* What a refused load means to the one who has to mend it. */
static int load_refused(const struct bpf_kernel *k, int os, const struct bpf_insn *insns, size_t n,
			struct error *e)
{
	error_set_os(e, ERROR_HOST, os, "loading a device program of %zu instructions", n);
	switch (os) {
	case EPERM:
		return error_add(e, "; it needs CAP_SYS_ADMIN, or CAP_BPF with CAP_NET_ADMIN, "
				    "outside of any user namespace");
	case ENOSYS: return error_add(e, "; this kernel has no bpf(2)");
	case E2BIG:
		return error_add(e, "; that is more than this kernel verifies (4096 instructions "
				    "before 5.2, some 700 entries of one major later): use "
				    "wildcards in the device rules");
	default: add_log(k, insns, n, e); return -1;
	}
}

int bpf_load(const struct bpf_kernel *k, int *ret_fd, uint32_t *ret_id,
	     const struct bpf_insn *insns, size_t n, struct error *e)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info = {0};
	int r;

	r = load_once(k, insns, n, NULL, 0);
	if (r == -EPERM)
		r = load_unlimited(k, insns, n);
	if (r < 0)
		return load_refused(k, -r, insns, n, e);
	fd = keep_clear(r);
	if (fd < 0)
		return error_set_os(e, ERROR_HOST, -fd,
				    "moving the descriptor of a device program");
	r = bpf_info(k, &info, fd, e);
	if (r)
		return r;
	*ret_id = info.id;
	*ret_fd = take(&fd);
	return 0;
}

/* --- looking --- */

/* One query. *n: room for ids, then how many there are. Flags of the first program in *ret_flags.
 */
static int query(const struct bpf_kernel *k, int cgroup_fd, unsigned how, uint32_t *ids, size_t *n,
		 uint32_t *ret_flags)
{
	union bpf_attr attr;
	long r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)cgroup_fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.query_flags = how;
	attr.query.prog_ids = pointer(ids);
	attr.query.prog_cnt = (__u32)*n;
	r = call(k, BPF_PROG_QUERY, &attr);
	*n = attr.query.prog_cnt;
	*ret_flags = attr.query.attach_flags;
	return (int)r;
}

int bpf_list(const struct bpf_kernel *k, uint32_t **ret_ids, size_t *ret_n, int cgroup_fd,
	     struct arena *a, struct error *e)
{
	size_t room = BPF_MAX_ATTACHED;
	int r = -ENOSPC;

	for (int i = 0; i < LIST_TRIES && r == -ENOSPC; i++) {
		uint32_t *ids = arena_alloc(a, room * sizeof(*ids)), flags;
		size_t n = room;

		r = query(k, cgroup_fd, 0, ids, &n, &flags);
		if (r == 0 && n <= room) {
			*ret_ids = ids;
			*ret_n = n;
			return 0;
		}
		/* The kernel told how many there are; they may get more before we ask again. */
		room = (n > room && n < 65536 ? n : room) * 2;
	}
	return error_set_os(e, ERROR_HOST, -r, "listing the device programs of a cgroup");
}

int bpf_open_id(const struct bpf_kernel *k, int *ret_fd, uint32_t id, struct error *e)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = (int)call(k, BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd == -ENOENT)
		return BPF_E_GONE;
	if (fd == -EPERM || fd == -EACCES)
		return BPF_E_HIDDEN;
	if (fd >= 0)
		fd = keep_clear(fd);
	if (fd < 0)
		return error_set_os(e, ERROR_HOST, -fd, "opening device program %u", id);
	*ret_fd = fd;
	return 0;
}

int bpf_info(const struct bpf_kernel *k, struct bpf_prog_info *ret, int prog_fd, struct error *e)
{
	struct bpf_prog_info info;
	union bpf_attr attr;
	long r;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (__u32)prog_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = pointer(&info);
	r = call(k, BPF_OBJ_GET_INFO_BY_FD, &attr);
	if (r < 0)
		return error_set_os(e, ERROR_HOST, (int)-r, "asking about a device program");
	*ret = info;
	return 0;
}

int bpf_open_ours(const struct bpf_kernel *k, int *ret_fd, struct bpf_prog_info *ret_info,
		  uint32_t id, struct error *e)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info = {0};
	int r;

	r = bpf_open_id(k, &fd, id, e);
	if (r)
		return r;
	r = bpf_info(k, &info, fd, e);
	if (r)
		return r;
	if (info.type != BPF_PROG_TYPE_CGROUP_DEVICE ||
	    strncmp(info.name, BPF_OUR_NAME, sizeof(info.name)))
		return BPF_E_FOREIGN;
	*ret_info = info;
	*ret_fd = take(&fd);
	return 0;
}

bool bpf_is_ours(const struct bpf_kernel *k, uint32_t id)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;

	return bpf_open_ours(k, &fd, &info, id, NULL) == 0;
}

bool bpf_is_systemds(const struct bpf_kernel *k, uint32_t id)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;

	return bpf_open_id(k, &fd, id, NULL) == 0 && bpf_info(k, &info, fd, NULL) == 0 &&
	       strcmp(info.name, "sd_devices") == 0;
}

/* --- attaching --- */

static int attach(const struct bpf_kernel *k, int cgroup_fd, int prog_fd, unsigned flags,
		  int old_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup_fd;
	attr.attach_bpf_fd = (__u32)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = flags;
	if (flags & BPF_F_REPLACE)
		attr.replace_bpf_fd = (__u32)old_fd;
	return (int)call(k, BPF_PROG_ATTACH, &attr);
}

/* EPERM has three causes. The program is loaded, so a look at who is there tells which. */
static void explain_eperm(const struct bpf_kernel *k, int cgroup_fd, struct error *e)
{
	uint32_t ids[BPF_MAX_ATTACHED], flags = 0, ignored;
	size_t own = BPF_MAX_ATTACHED, all = 0;
	int r;

	r = query(k, cgroup_fd, 0, ids, &own, &flags);
	if (r == 0 && own && !(flags & BPF_F_ALLOW_MULTI)) {
		error_add(e,
			  "; the cgroup already has device program %u, attached by somebody "
			  "without BPF_F_ALLOW_MULTI, and that allows no second one",
			  ids[0]);
		return;
	}
	/* With no room for ids only the number is told. */
	r = query(k, cgroup_fd, BPF_F_QUERY_EFFECTIVE, NULL, &all, &ignored);
	if (r == 0 && all > own)
		error_add(e, "; an ancestor has a device program attached without "
			     "BPF_F_ALLOW_MULTI, which forbids programs below it (libvirt does "
			     "that): use a cgroup outside of it");
	else
		error_add(e, "; it needs CAP_SYS_ADMIN, or CAP_BPF with CAP_NET_ADMIN, outside "
			     "of any user namespace");
}

static int attach_refused(const struct bpf_kernel *k, int os, int cgroup_fd, struct error *e)
{
	error_set_os(e, ERROR_HOST, os, "attaching a device program to a cgroup");
	switch (os) {
	case EPERM: explain_eperm(k, cgroup_fd, e); break;
	case E2BIG:
		error_add(e,
			  "; it has %d already, the most the kernel allows: detach one that is "
			  "not needed (bpftool cgroup list)",
			  BPF_MAX_ATTACHED);
		break;
	case EBADF: error_add(e, "; it is not a directory of a cgroup v2 tree"); break;
	case EINVAL: error_add(e, "; is CONFIG_CGROUP_BPF set in this kernel?"); break;
	default: break;
	}
	return -1;
}

int bpf_attach(const struct bpf_kernel *k, int cgroup_fd, int prog_fd, struct error *e)
{
	int r;

	r = attach(k, cgroup_fd, prog_fd, BPF_F_ALLOW_MULTI, -1);
	return r < 0 ? attach_refused(k, -r, cgroup_fd, e) : 0;
}

int bpf_detach(const struct bpf_kernel *k, int cgroup_fd, int prog_fd, struct error *e)
{
	union bpf_attr attr;
	long r;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)cgroup_fd;
	attr.attach_bpf_fd = (__u32)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	r = call(k, BPF_PROG_DETACH, &attr);
	if (r == -ENOENT)
		return BPF_E_GONE;
	if (r < 0)
		return error_set_os(e, ERROR_HOST, (int)-r,
				    "detaching a device program from a cgroup");
	return 0;
}

int bpf_replace(const struct bpf_kernel *k, int cgroup_fd, int new_fd, int old_fd, struct error *e)
{
	int r;

	r = attach(k, cgroup_fd, new_fd, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old_fd);
	if (r == -ENOENT)
		return BPF_E_GONE;
	if (r != -EINVAL)
		return r < 0 ? attach_refused(k, -r, cgroup_fd, e) : 0;
	/* No BPF_F_REPLACE before 5.6. Both run for a moment: what both allow stays allowed. */
	r = bpf_attach(k, cgroup_fd, new_fd, e);
	if (r)
		return r;
	r = bpf_detach(k, cgroup_fd, old_fd, e);
	if (r < 0)
		bpf_detach(k, cgroup_fd, new_fd, NULL);
	return r < 0 ? r : 0;
}
