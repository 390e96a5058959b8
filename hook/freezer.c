/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freezer - a v1 group that stands still while systemd changes its unit
 *
 * Source: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst. FREEZING
 * means that some tasks do not stand still yet; writing FROZEN once more tries
 * those again.
 */
#include "hook/freezer.h"

#include <string.h>
#include <time.h>

#define STATE "freezer.state"

enum { TRIES = 200, PAUSE_MS = 5 };

/* The container's group in the freezer hierarchy; NULL: none, or the devices are on v2. */
static const char *group(const struct record *r)
{
	const char *path = facts_process_path(&r->init, "freezer");

	if (record_version(r, "devices") != 1 || record_version(r, "freezer") != 1)
		return NULL;
	return path && strcmp(path, "/") != 0 ? path : NULL;
}

static bool is(struct cgroupfs *fs, const char *path, const char *state)
{
	const char *live;

	return cgroupfs_read(&live, fs, "freezer", path, STATE, NULL) == 0 &&
	       strcmp(live, state) == 0;
}

static int freeze(struct cgroupfs *fs, const char *path, struct error *e)
{
	for (int i = 0; i < TRIES; i++) {
		if (cgroupfs_write(fs, "freezer", path, STATE, "FROZEN", e) < 0)
			return -1;
		if (is(fs, path, "FROZEN"))
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
	}
	return error_set(e, ERROR_FAILED,
			 "%s: the container does not come to rest within a second, and systemd "
			 "denies its devices for a moment while the unit is changed; try again",
			 cgroupfs_path(fs, "freezer", path, STATE));
}

int freezer_set(struct cgroupfs *fs, struct systemd *s, const struct record *r, const char *unit,
		const struct unit_properties *p, struct error *e)
{
	const char *path = group(r);
	int result = 0;

	if (!path || !is(fs, path, "THAWED"))
		return systemd_set(s, unit, p, e);
	result = freeze(fs, path, e);
	if (result == 0)
		result = systemd_set(s, unit, p, e);
	cgroupfs_write(fs, "freezer", path, STATE, "THAWED", NULL);
	return result;
}

void freezer_thaw(struct cgroupfs *fs, const struct record *r)
{
	const char *path = group(r);

	if (path && !is(fs, path, "THAWED"))
		cgroupfs_write(fs, "freezer", path, STATE, "THAWED", NULL);
}
