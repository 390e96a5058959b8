/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drain - empty a group of processes, and remove it
 *
 * Source of the rules: Documentation/admin-guide/cgroup-v2.rst ("Organizing
 * Processes", cgroup.kill) and cgroup-v1/cgroups.rst. rmdir says EBUSY while a
 * process or a child group is inside; zombies do not count.
 */
#include "hook/drain.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/procs.h"

enum {
	MOVE_PASSES = 100,   /* each pass moves the parents, so it converges */
	RMDIR_MAX_MS = 1000, /* in all, 1 ms doubling */
	KILL_MAX_MS = 5000,  /* a VMM with much memory takes its time to die */
	KILL_PAUSE_MS = 5,
};

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L}, NULL);
}

/* Call fn for the groups of the subtree, children before parents. */
static int walk(struct cgroupfs *fs, const char *controller, const char *path,
		enum drain_depth depth,
		int (*fn)(struct cgroupfs *, const char *, const char *, void *, struct error *),
		void *arg, struct error *e)
{
	const char **names = NULL;
	size_t n = 0;
	int r = 0;

	if (depth == DRAIN_TREE)
		r = cgroupfs_children(&names, &n, fs, controller, path, e);
	if (r)
		return r < 0 ? -1 : 0;
	for (size_t i = 0; i < n; i++)
		if (walk(fs, controller, cgpath_join(fs->arena, path, names[i]), depth, fn, arg,
			 e) < 0)
			return -1;
	return fn(fs, controller, path, arg, e);
}

/*
 * The last resort: our caller's own group, which takes processes, since we are in it. A user has
 * nothing else when the group that the process came from has gone, empty as it was: all above are
 * inner nodes, and the root is not his.
 */
static int join_us(struct cgroupfs *fs, const char *controller, const char *value)
{
	struct facts_process us = {0};
	const char *path;

	if (fs->yard ||
	    procs_cgroups(&us.cgroups, &us.n_cgroups, fs->arena, "/proc", getpid(), NULL) < 0)
		return -1;
	path = facts_process_path(&us, controller);
	return path ? cgroupfs_write(fs, controller, path, "cgroup.procs", value, NULL) : -1;
}

int drain_one(struct cgroupfs *fs, const char *controller, int64_t pid, const char *to,
	      struct error *e)
{
	const char *value = arena_printf(fs->arena, "%lld", (long long)pid);

	/* "0" would move this very process. */
	if (pid <= 0)
		return error_set(e, ERROR_UNDO,
				 "the group holds a process of another PID namespace, which has no "
				 "number here: run this in the host's PID namespace");
	/* From where it came upwards: the group may be gone, full of rules, or not a leaf. */
	for (const char *at = to; at; at = cgpath_parent(fs->arena, at)) {
		if (cgroupfs_write(fs, controller, at, "cgroup.procs", value, e) == 0 ||
		    e->os == ESRCH)
			return 0;
		/* A shortage of the moment says nothing about the group. */
		if (e->os == ENOMEM || e->os == ENFILE || e->os == EMFILE)
			break;
		/* The root is there for everybody who may move at all. */
		if (e->os == EACCES && strcmp(at, "/") == 0 && join_us(fs, controller, value) == 0)
			return 0;
	}
	e->kind = ERROR_UNDO;
	return -1;
}

struct moving {
	drain_origin *origin;
	const void *ctx;
	size_t seen;
};

static int move_all(struct cgroupfs *fs, const char *controller, const char *path, void *arg,
		    struct error *e)
{
	struct moving *m = arg;
	int64_t *pids;
	size_t n;
	int r;

	r = cgroupfs_procs(&pids, &n, fs, controller, path, e);
	if (r)
		return r < 0 ? -1 : 0;
	for (size_t i = 0; i < n; i++)
		if (drain_one(fs, controller, pids[i], m->origin(m->ctx, controller, pids[i]), e) <
		    0)
			return -1;
	m->seen += n;
	return 0;
}

int drain_move(struct cgroupfs *fs, const char *controller, const char *path,
	       enum drain_depth depth, drain_origin *origin, const void *ctx, struct error *e)
{
	for (int pass = 0; pass < MOVE_PASSES; pass++) {
		struct moving m = {.origin = origin, .ctx = ctx};

		if (walk(fs, controller, path, depth, move_all, &m, e) < 0) {
			e->kind = ERROR_UNDO;
			return -1;
		}
		if (m.seen == 0)
			return 0;
	}
	return error_set(e, ERROR_UNDO, "%s: processes keep appearing in it",
			 cgroupfs_path(fs, controller, path, NULL));
}

/* The pidfd fixes the process; then it must still be in the group we may kill in. */
static void kill_held(struct cgroupfs *fs, const char *controller, const char *path, int64_t pid)
{
	struct held_process held = PROCS_NONE;
	struct facts_process now = {0};
	const char *is;

	if (procs_hold(&held, pid, NULL) < 0)
		return;
	if (procs_cgroups(&now.cgroups, &now.n_cgroups, fs->arena, "/proc", pid, NULL) == 0) {
		is = facts_process_path(&now, controller);
		if (is && strcmp(is, path) == 0 && held.pidfd >= 0)
			syscall(SYS_pidfd_send_signal, held.pidfd, SIGKILL, NULL, 0);
		else if (is && strcmp(is, path) == 0)
			kill((pid_t)pid, SIGKILL);
	}
	procs_release(&held);
}

static int kill_all(struct cgroupfs *fs, const char *controller, const char *path, void *arg,
		    struct error *e)
{
	size_t *seen = arg, n;
	int64_t *pids;
	int r;

	r = cgroupfs_procs(&pids, &n, fs, controller, path, e);
	if (r)
		return r < 0 ? -1 : 0;
	for (size_t i = 0; i < n; i++)
		kill_held(fs, controller, path, pids[i]);
	*seen += n;
	return 0;
}

int drain_kill(struct cgroupfs *fs, const char *controller, const char *path,
	       enum drain_depth depth, struct error *e)
{
	/* Recursive and fork-safe where the kernel has it (v2, since 5.14). */
	if (!*controller && depth == DRAIN_TREE)
		cgroupfs_write(fs, controller, path, "cgroup.kill", "1", NULL);
	for (unsigned waited_ms = 0; waited_ms <= KILL_MAX_MS; waited_ms += KILL_PAUSE_MS) {
		size_t seen = 0;

		if (walk(fs, controller, path, depth, kill_all, &seen, e) < 0) {
			e->kind = ERROR_UNDO;
			return -1;
		}
		if (seen == 0)
			return 0;
		pause_ms(KILL_PAUSE_MS);
	}
	return error_set(e, ERROR_UNDO, "%s: processes survive SIGKILL; see their state in ps(1)",
			 cgroupfs_path(fs, controller, path, NULL));
}

static int remove_one(struct cgroupfs *fs, const char *controller, const char *path, void *arg,
		      struct error *e)
{
	unsigned *waited_ms = arg;

	for (unsigned next_ms = 1;; next_ms *= 2) {
		if (cgroupfs_rmdir(fs, controller, path, e) >= 0)
			return 0;
		if (e->os != EBUSY || *waited_ms >= RMDIR_MAX_MS)
			break;
		pause_ms(next_ms);
		*waited_ms += next_ms;
	}
	e->kind = ERROR_UNDO;
	return -1;
}

int drain_remove(struct cgroupfs *fs, const char *controller, const char *path, struct error *e)
{
	unsigned waited_ms = 0;

	if (walk(fs, controller, path, DRAIN_TREE, remove_one, &waited_ms, e) == 0)
		return 0;
	e->kind = ERROR_UNDO;
	return -1;
}
