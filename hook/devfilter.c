/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter - the device filter of one group, brought to a policy
 *
 * A yard has no device programs, so there every group has a list, as on v1.
 */
#include "hook/bpfset.h"
#include "hook/devfilter_work.h"

int devfilter_look(const char **ret, struct cgroupfs *fs, int version, const char *path,
		   struct error *e)
{
	uint32_t *ids;
	size_t n;
	int fd, r;

	if (devfilter_is_list(fs, version))
		return cgroupfs_read(ret, fs, "devices", path, DEVFILTER_LIST, e) < 0 ? -1 : 0;
	r = cgroupfs_dir(&fd, fs, "", path, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (bpf_list(NULL, &ids, &n, fd, fs->arena, e) < 0)
		return -1;
	*ret = arena_printf(fs->arena, "%zu", n);
	for (size_t i = 0; i < n; i++)
		*ret = arena_printf(fs->arena, "%s %u%s", *ret, ids[i],
				    bpf_is_systemds(NULL, ids[i]) ? DEVFILTER_SYSTEMDS : "");
	return 0;
}

int devfilter_set(struct cgroupfs *fs, int version, const char *path,
		  const struct device_policy *policy, const struct device_policy *was,
		  struct error *e)
{
	if (devfilter_is_list(fs, version))
		return devfilter_list_set(fs, path, policy, was, e);
	return devfilter_program_set(fs, path, policy, e);
}

int devfilter_extend(struct devfilter *ret_replaced, struct cgroupfs *fs, int version,
		     const char *path, const struct devfilter_extension *x, struct error *e)
{
	ret_replaced->fd = -1;
	if (devfilter_is_list(fs, version))
		return devfilter_list_extend(fs, path, x, e);
	return devfilter_program_extend(ret_replaced, fs, path, x, e);
}

void devfilter_programs(const uint32_t **ret, size_t *ret_n, struct cgroupfs *fs, const char *path)
{
	uint32_t *ids = NULL;
	int fd;

	*ret = NULL;
	*ret_n = 0;
	if (!fs->yard && cgroupfs_dir(&fd, fs, "", path, NULL) == 0 &&
	    bpf_list(NULL, &ids, ret_n, fd, fs->arena, NULL) == 0)
		*ret = ids;
}

void devfilter_drop(struct cgroupfs *fs, const char *path)
{
	int fd;

	if (!fs->yard && cgroupfs_dir(&fd, fs, "", path, NULL) == 0)
		bpfset_remove(NULL, fd, fs->arena, NULL);
}

int devfilter_restore(struct cgroupfs *fs, int version, const char *path,
		      const struct devfilter_past *past, struct error *e)
{
	int fd, r;

	r = cgroupfs_dir(&fd, fs, version == 1 ? "devices" : "", path, e);
	if (r)
		return r < 0 ? -1 : 0; /* the group is gone, and its filter with it */
	if (devfilter_is_list(fs, version))
		return devfilter_list_restore(fs, path, past, e);
	return devfilter_program_restore(fs, path, past, e);
}
