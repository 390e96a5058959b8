/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freezer - a container held still for a moment (cgroup v1)
 */
#include "hook/freezer.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hook/cgpath.h"
#include "hook/procs.h"

#define CONTROLLER "freezer"
#define STATE      "freezer.state"

enum { WAIT_MS = 2000, PAUSE_MS = 2 };

/* The container's group in that hierarchy; NULL: it has none of its own. */
static const char *group(const struct record *r, struct arena *a)
{
	const char *path;

	if (record_version(r, CONTROLLER) != 1)
		return NULL;
	if (r->mode == MODE_OWN)
		return r->path;
	/* A later container may have a group of the same path, and be paused for a reason. */
	path = procs_runs(&r->init) ? facts_process_path(&r->init, CONTROLLER) : NULL;
	if (path && cgpath_within(path, r->path))
		return r->path;
	/* A runtime may have chosen another base here, and put init into a child. */
	while (path && r->tail && strcmp(path, "/") != 0 && !cgpath_ends_with(path, r->tail))
		path = cgpath_parent(a, path);
	return path && r->tail && strcmp(path, "/") != 0 ? path : NULL;
}

/* Whoever freezes himself thaws nobody. */
static bool are_inside(struct cgroupfs *fs, const char *path)
{
	struct facts_process self = {0};
	const char *is;

	if (procs_cgroups(&self.cgroups, &self.n_cgroups, fs->arena, "/proc", getpid(), NULL) < 0)
		return true;
	is = facts_process_path(&self, CONTROLLER);
	return !is || cgpath_within(is, path);
}

int freezer_look(struct cgroupfs *fs, const struct record *r, struct error *e)
{
	const char *path = group(r, fs->arena), *state;
	int got;

	if (!path || are_inside(fs, path))
		return FREEZER_NONE;
	got = cgroupfs_read(&state, fs, CONTROLLER, path, STATE, e);
	if (got)
		return got < 0 ? -1 : FREEZER_NONE;
	return strcmp(state, "THAWED") == 0 ? 0 : FREEZER_FROZEN;
}

int freezer_freeze(struct cgroupfs *fs, const struct record *r, struct error *e)
{
	const char *path = group(r, fs->arena), *state = "";

	for (int waited = 0; waited < WAIT_MS; waited += PAUSE_MS) {
		/* Written again: a process that forks meanwhile can leave it half frozen. */
		if (cgroupfs_write(fs, CONTROLLER, path, STATE, "FROZEN", e) < 0)
			return -1;
		if (cgroupfs_read(&state, fs, CONTROLLER, path, STATE, e) != 0)
			return -1;
		if (strcmp(state, "FROZEN") == 0)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
	}
	freezer_thaw(fs, r, NULL);
	return error_set(e, ERROR_FAILED,
			 "%s: not frozen within %d ms (a process in an uninterruptible sleep?): it "
			 "was thawed again",
			 cgroupfs_path(fs, CONTROLLER, path, STATE), WAIT_MS);
}

int freezer_thaw(struct cgroupfs *fs, const struct record *r, struct error *e)
{
	const char *path = group(r, fs->arena), *state;
	int got;

	if (!path)
		return 0;
	got = cgroupfs_read(&state, fs, CONTROLLER, path, STATE, e);
	if (got || strcmp(state, "THAWED") == 0)
		return got < 0 ? -1 : 0;
	return cgroupfs_write(fs, CONTROLLER, path, STATE, "THAWED", e);
}
