/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts - what is known about the host: questions to the value
 *
 * Its JSON form and the form for people are in facts_json.c.
 */
#include "hook/facts.h"

#include <string.h>

const char *const layout_name[] = {"legacy", "hybrid", "unified"};

static bool lists(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

const struct facts_mount *facts_mount(const struct facts *f, const char *controller)
{
	const char *name = *controller ? controller : "unified";

	for (size_t i = 0; i < f->n_mounts; i++)
		if (strcmp(f->mounts[i].name, name) == 0)
			return &f->mounts[i];
	return NULL;
}

int facts_version(const struct facts *f, const char *controller)
{
	bool always = strcmp(controller, "devices") == 0 || strcmp(controller, "freezer") == 0;

	if (strcmp(controller, "unified") == 0 || *controller == '\0')
		return facts_mount(f, "unified") ? 2 : 0;
	if (facts_mount(f, controller))
		return 1;
	if (!facts_mount(f, "unified"))
		return 0;
	return always || lists(f->controllers, f->n_controllers, controller) ? 2 : 0;
}

bool facts_first_of_mount(const struct facts_mount *mounts, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(mounts[k].path, mounts[i].path) == 0)
			return false;
	return true;
}

bool facts_lists(const char *list, const char *word, size_t n)
{
	for (const char *at = list; at && *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (len == n && strncmp(at, word, n) == 0)
			return true;
		at += len;
	}
	return false;
}

bool facts_has_file(const struct facts *f, const char *file)
{
	return lists(f->files, f->n_files, file);
}

const struct facts_device *facts_device(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->n_devices; i++)
		if (strcmp(f->devices[i].path, path) == 0)
			return &f->devices[i];
	return NULL;
}

const struct facts_cgroup *facts_cgroup(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->n_cgroups; i++)
		if (strcmp(f->cgroups[i].path, path) == 0)
			return &f->cgroups[i];
	return NULL;
}

const struct facts_process *facts_process(const struct facts *f, int64_t pid)
{
	for (size_t i = 0; i < f->n_processes; i++)
		if (f->processes[i].pid == pid)
			return &f->processes[i];
	return NULL;
}

const char *facts_process_path(const struct facts_process *p, const char *hierarchy)
{
	if (!*hierarchy)
		hierarchy = "unified";
	for (size_t i = 0; i < p->n_cgroups; i++)
		if (strcmp(p->cgroups[i].hierarchy, hierarchy) == 0)
			return p->cgroups[i].path;
	return NULL;
}
