/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procs - processes, looked at and held
 *
 * Identity. pid -> Tgid (status) -> state and start time (stat). procs_hold opens
 * the pidfd first: while its process lives the number cannot be another's, so
 * what is read under that number is about the process that is held.
 *
 * The tree below a process comes from the children files of its threads; a
 * kernel without them (CONFIG_PROC_CHILDREN) is asked for the parent of every
 * process instead.
 */
#include "hook/procs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/procfs.h"
#include "hook/sysfile.h"

static int is_gone(int64_t pid, struct error *e)
{
	return error_set(e, ERROR_HOST,
			 "process %lld is gone: it ended before it could be looked at",
			 (long long)pid);
}

/* Read a file of a process; a process that vanishes shows as ENOENT or ESRCH. */
static int read_file(const char **ret, size_t *ret_len, struct arena *a, int64_t pid,
		     const char *path, struct error *e)
{
	int r;

	r = sysfile_read(ret, ret_len, a, path);
	if (r == ENOENT || r == ESRCH)
		return is_gone(pid, e);
	if (r > 0)
		return error_set_os(e, ERROR_HOST, r, "cannot read %s", path);
	return 0;
}

/* The stat of a process by its own number; a zombie counts as gone. */
static int read_stat(struct procfs_stat *ret, struct arena *a, const char *proc, int64_t pid,
		     struct error *e)
{
	const char *path = arena_printf(a, "%s/%lld/stat", proc, (long long)pid), *text;
	struct procfs_stat st = {0};
	size_t len;

	if (read_file(&text, &len, a, pid, path, e) < 0 ||
	    procfs_parse_stat(&st, a, text, len, path, e) < 0)
		return -1;
	if (st.state == 'Z' || st.state == 'X')
		return is_gone(pid, e);
	*ret = st;
	return 0;
}

/* The process that pid, perhaps a thread's, belongs to, with its stat. */
static int identify(struct procfs_stat *ret, struct arena *a, const char *proc, int64_t pid,
		    struct error *e)
{
	const char *path, *text;
	size_t len;
	int64_t tgid;

	if (pid <= 0)
		return error_set(e, ERROR_INPUT,
				 "process id %lld: a process id is a positive number",
				 (long long)pid);
	path = arena_printf(a, "%s/%lld/status", proc, (long long)pid);
	if (read_file(&text, &len, a, pid, path, e) < 0 ||
	    procfs_parse_tgid(&tgid, text, len, path, e) < 0)
		return -1;
	return read_stat(ret, a, proc, tgid, e);
}

/* --- holding --- */

static int open_pidfd(int64_t pid)
{
	return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U);
}

/* Has the process behind a pidfd ended? One that cannot be asked is not known to have. */
static bool has_ended(int fd)
{
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	return poll(&ended, 1, 0) > 0;
}

/* A thread's id has no pidfd of its own kind (EINVAL, or ENOENT since 6.9): its process has. */
static int hold(struct held_process *ret, struct arena *a, int64_t pid, struct error *e)
{
	struct procfs_stat st = {0};
	int fd = pid > 0 ? open_pidfd(pid) : -1;
	int r;

	/* Only a process has a pidfd, so its own number was given. */
	r = fd >= 0 ? read_stat(&st, a, "/proc", pid, e) : identify(&st, a, "/proc", pid, e);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (fd < 0) {
		uint64_t start = st.start;

		fd = open_pidfd(st.pid);
		/* Opened late: once more, now that the number is pinned. */
		if (fd >= 0 && (identify(&st, a, "/proc", st.pid, e) < 0 || st.start != start)) {
			close(fd);
			return is_gone(pid, e);
		}
	}
	/* Older kernels have no pidfds, and some container filters none to give. */
	if (fd < 0 && errno != ENOSYS && errno != EPERM)
		return errno == ESRCH
			   ? is_gone(pid, e)
			   : error_set_os(e, ERROR_HOST, errno,
					  "cannot open a pidfd of process %lld", (long long)st.pid);
	if (fd >= 0 && has_ended(fd)) {
		close(fd);
		return is_gone(pid, e);
	}
	*ret = (struct held_process){.pid = st.pid, .start = st.start, .pidfd = fd};
	return 0;
}

int procs_hold(struct held_process *ret, int64_t pid, struct error *e)
{
	struct arena a = {0};
	int r;

	r = hold(ret, &a, pid, e);
	arena_free(&a);
	return r;
}

int procs_hold_known(struct held_process *ret, const struct facts_process *was, struct error *e)
{
	struct error why;

	*ret = PROCS_NONE;
	if (!was->pid)
		return PROCS_ENDED;
	if (procs_hold(ret, was->pid, &why) < 0) {
		*ret = PROCS_NONE;
		/* Gone is no word of the kernel's; any other is that it cannot be looked at. */
		if (!why.os)
			return PROCS_ENDED;
		if (e)
			*e = why;
		return -1;
	}
	if (ret->start == was->start)
		return 0;
	procs_release(ret);
	*ret = PROCS_NONE;
	return PROCS_ENDED;
}

bool procs_runs(const struct facts_process *was)
{
	struct held_process p;

	if (procs_hold_known(&p, was, NULL) != 0)
		return false;
	procs_release(&p);
	return true;
}

void procs_release(struct held_process *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	*p = PROCS_NONE;
}

bool procs_alive(const struct held_process *p)
{
	struct arena a = {0};
	struct procfs_stat st = {0};
	bool alive;

	if (p->pidfd >= 0)
		return !has_ended(p->pidfd);
	alive = p->pid > 0 && identify(&st, &a, "/proc", p->pid, NULL) == 0 && st.start == p->start;
	arena_free(&a);
	return alive;
}

/* --- describing --- */

/* The numeric entries of a directory: processes, threads or descriptors. Returns
 * 0, or the errno of opening it as a condition. */
static int list_numbers(int64_t **ret, size_t *ret_n, struct arena *a, const char *path)
{
	const struct dirent *entry;
	int64_t *list = NULL;
	size_t n = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir)
		return errno;
	while ((entry = readdir(dir))) {
		char *end;
		long long number;

		number = strtoll(entry->d_name, &end, 10);
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' && *end == '\0')
			*ARENA_APPEND(a, list, n) = number;
	}
	closedir(dir);
	*ret = list;
	*ret_n = n;
	return 0;
}

bool procs_is_kernels(int64_t pid)
{
	struct arena a = {0};
	bool is;
	char exe[2];

	/* It alone has no program; whose may not be looked at has one. */
	is = readlink(arena_printf(&a, "/proc/%lld/exe", (long long)pid), exe, sizeof(exe)) < 0 &&
	     errno == ENOENT;
	arena_free(&a);
	return is;
}

int procs_refuse(int64_t pid, struct error *e)
{
	const char *what = pid == 1 ? "the host's init" : "a thread of the kernel";
	struct procfs_stat st = {0};
	struct arena a = {0};

	if (pid == getpid())
		return error_set(e, ERROR_HOST, "process %lld is this vmcg", (long long)pid);
	if (pid != 1 && !procs_is_kernels(pid))
		return 0;
	/* Its name is for the message alone. */
	identify(&st, &a, "/proc", pid, NULL);
	error_set(e, ERROR_HOST,
		  "process %lld (%s) is %s: it serves more than this VM and stays where it is",
		  (long long)pid, st.comm ? st.comm : "?", what);
	arena_free(&a);
	return -1;
}

/* Does the process have a descriptor of a KVM VM? (A vCPU's is called kvm-vcpu:N.) */
bool procs_holds_vm(struct arena *a, const char *proc, int64_t pid)
{
	static const char want[] = "anon_inode:kvm-vm";
	char target[sizeof(want)];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	dir = opendir(arena_printf(a, "%s/%lld/fd", proc, (long long)pid));
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		ssize_t n;

		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));
		found = n == (ssize_t)strlen(want) && memcmp(target, want, strlen(want)) == 0;
	}
	closedir(dir);
	return found;
}

int procs_cgroups(struct facts_member **ret, size_t *ret_n, struct arena *a, const char *proc,
		  int64_t pid, struct error *e)
{
	struct facts_member *members = NULL;
	struct procfs_cgroup *lines;
	const char *path, *text;
	size_t len, n_lines, n = 0;

	path = arena_printf(a, "%s/%lld/cgroup", proc, (long long)pid);
	if (read_file(&text, &len, a, pid, path, e) < 0 ||
	    procfs_parse_cgroup(&lines, &n_lines, a, text, len, path, e) < 0)
		return -1;
	for (size_t i = 0; i < n_lines; i++)
		for (size_t j = 0; j < lines[i].n_names; j++)
			*ARENA_APPEND(a, members, n) =
			    (struct facts_member){lines[i].names[j], lines[i].path};
	*ret = members;
	*ret_n = n;
	return 0;
}

int procs_describe(struct facts_process *ret, struct arena *a, const char *proc, int64_t pid,
		   struct error *e)
{
	struct facts_process p = {0};
	struct procfs_stat st = {0};

	if (identify(&st, a, proc, pid, e) < 0)
		return -1;
	p.pid = st.pid;
	p.start = st.start;
	p.comm = st.comm;
	if (procs_cgroups(&p.cgroups, &p.n_cgroups, a, proc, st.pid, e) < 0)
		return -1;
	*ret = p;
	return 0;
}

/* --- the tree --- */

struct pid_list {
	int64_t *pids;
	size_t n;
};

static void add_pid(struct pid_list *l, struct arena *a, int64_t pid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->pids[i] == pid)
			return;
	*ARENA_APPEND(a, l->pids, l->n) = pid;
}

/* Append the children of all threads of pid. A thread that ends meanwhile has none. */
static void add_children(struct pid_list *l, struct arena *a, int64_t pid)
{
	int64_t *tids;
	size_t n;

	if (list_numbers(&tids, &n, a, arena_printf(a, "/proc/%lld/task", (long long)pid)) > 0)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *text;
		char *end;

		if (sysfile_read(&text, NULL, a,
				 arena_printf(a, "/proc/%lld/task/%lld/children", (long long)pid,
					      (long long)tids[i])) > 0)
			continue;
		for (; *text; text = end) {
			long long child;

			child = strtoll(text, &end, 10);
			if (end == text)
				break;
			add_pid(l, a, child);
		}
	}
}

/* A process and its parent, for kernels without children files. */
struct kinship {
	int64_t pid, ppid;
};

static int list_kinships(struct kinship **ret, size_t *ret_n, struct arena *a, struct error *e)
{
	struct kinship *all = NULL;
	size_t n_pids, n = 0;
	int64_t *pids;
	int r;

	r = list_numbers(&pids, &n_pids, a, "/proc");
	if (r > 0)
		return error_set_os(e, ERROR_HOST, r, "cannot list the processes in /proc");
	for (size_t i = 0; i < n_pids; i++) {
		struct procfs_stat st = {0};

		if (identify(&st, a, "/proc", pids[i], NULL) == 0)
			*ARENA_APPEND(a, all, n) = (struct kinship){st.pid, st.ppid};
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

int procs_descendants(int64_t **ret, size_t *ret_n, struct arena *a, int64_t pid, struct error *e)
{
	struct pid_list found = {0};
	struct kinship *all = NULL;
	size_t n_all = 0;
	const char *unused;
	bool by_parent;

	by_parent = sysfile_read(&unused, NULL, a, "/proc/thread-self/children") == ENOENT;
	if (by_parent && list_kinships(&all, &n_all, a, e) < 0)
		return -1;
	/* found grows while it is walked: its own children come behind each. */
	add_pid(&found, a, pid);
	for (size_t i = 0; i < found.n; i++) {
		if (!by_parent)
			add_children(&found, a, found.pids[i]);
		for (size_t j = 0; j < n_all; j++)
			if (all[j].ppid == found.pids[i])
				add_pid(&found, a, all[j].pid);
	}
	*ret = found.pids + 1;
	*ret_n = found.n - 1;
	return 0;
}

static int find_vm(int64_t *ret_pid, size_t *ret_n, struct arena *a, int64_t init, struct error *e)
{
	struct procfs_stat st = {0};
	int64_t first = 0, *pids = NULL;
	size_t n_pids = 0, n = 0;

	if (identify(&st, a, "/proc", init, e) < 0 ||
	    procs_descendants(&pids, &n_pids, a, st.pid, e) < 0)
		return -1;
	/* The process itself stands before its descendants. */
	for (size_t i = 0; i <= n_pids; i++) {
		int64_t pid = i ? pids[i - 1] : st.pid;

		if (!procs_holds_vm(a, "/proc", pid))
			continue;
		if (n++ == 0)
			first = pid;
	}
	if (n == 0)
		return PROCS_NO_VM;
	*ret_pid = first;
	*ret_n = n;
	return 0;
}

int procs_find_vm(int64_t *ret_pid, size_t *ret_n, int64_t init, struct error *e)
{
	struct arena a = {0};
	int r;

	r = find_vm(ret_pid, ret_n, &a, init, e);
	arena_free(&a);
	return r;
}

/* --- the one that writes --- */

/* Set every thread that done does not hold yet. Returns how many were new, or -1. */
static int widen_threads(struct pid_list *done, struct arena *a, int64_t pid, struct error *e)
{
	unsigned char mask[1024]; /* 8192 CPUs, the largest NR_CPUS there is */
	size_t n = 0, before = done->n;
	int64_t *tids = NULL;

	memset(mask, 0xff, sizeof(mask));
	if (list_numbers(&tids, &n, a, arena_printf(a, "/proc/%lld/task", (long long)pid)) > 0)
		return is_gone(pid, e);
	for (size_t i = 0; i < n; i++) {
		size_t known = done->n;

		add_pid(done, a, tids[i]);
		if (done->n == known)
			continue;
		/* EINVAL: a kernel helper among the threads, which has its place. */
		if (sched_setaffinity((pid_t)tids[i], sizeof(mask), (const cpu_set_t *)mask) < 0 &&
		    errno != ESRCH && errno != EINVAL)
			return error_set_os(e, ERROR_HOST, errno,
					    "cannot reset the CPU affinity of thread %lld of "
					    "process %lld",
					    (long long)tids[i], (long long)pid);
	}
	return (int)(done->n - before);
}

int procs_reset_affinity(int64_t pid, struct error *e)
{
	struct pid_list done = {0};
	struct arena a = {0};
	int r;

	if (pid <= 0)
		return error_set(e, ERROR_INPUT,
				 "process id %lld: a process id is a positive number",
				 (long long)pid);
	/* A thread made by one that is already wide is wide: this comes to an end. */
	do
		r = widen_threads(&done, &a, pid, e);
	while (r > 0);
	arena_free(&a);
	return r;
}
