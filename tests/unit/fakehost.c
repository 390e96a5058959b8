/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakehost - a host laid out in a temporary directory, for the probe
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/fakehost.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
	if (!ok)
		fail_msg("%s: %s", what, strerror(errno));
}

static void make_parents(char *path)
{
	for (char *s = strchr(path + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
		*s = '/';
	}
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	must(f != NULL, path);
	fputs(text, f);
	must(fclose(f) == 0, path);
}

static void make_entry(struct fake *k, const struct entry *n)
{
	bool group = n->text && n->text[0] == '#';
	char *path = arena_printf(&k->arena, "%s%s%s", k->top, n->path, group ? "/.look" : "");

	make_parents(path);
	if (path[strlen(path) - 1] == '/')
		return;
	if (n->text[0] == '@')
		must(symlink(n->text + 1, path) == 0, path);
	else
		write_text(path, n->text + group);
}

void fakehost_make(struct fake *k, const struct entry *entries)
{
	*k = (struct fake){.top = "/tmp/vmcg-test-host.XXXXXX"};
	must(mkdtemp(k->top) != NULL, k->top);
	for (size_t i = 0; entries[i].path; i++)
		make_entry(k, &entries[i]);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void fakehost_drop(struct fake *k)
{
	nftw(k->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(&k->arena);
}

static uint64_t count_children(const char *path)
{
	const struct dirent *entry;
	uint64_t n = 0;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		n += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

int fakehost_look(const char *path, struct host_look *ret)
{
	unsigned long magic = 0x01021994, dev = 99, ino = 2;
	char name[512];
	struct stat st;
	FILE *f;

	if (stat(path, &st) < 0)
		return errno;
	snprintf(name, sizeof(name), "%s/.look", path);
	f = fopen(name, "re");
	if (f) {
		if (fscanf(f, "%lx %lu %lu", &magic, &dev, &ino) != 3)
			fail_msg("%s: not a look", name);
		fclose(f);
	}
	*ret = (struct host_look){magic, dev, ino, count_children(path)};
	return 0;
}
