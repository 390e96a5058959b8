/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yard - plain directories in place of the cgroup mounts (test build only)
 *
 * Files are rewritten whole; a line or a word is taken out and put in again. The
 * root of a hierarchy is the highest directory below the yard that has a
 * cgroup.procs: whoever lays out a yard puts one there.
 */
#include "hook/yard.h"

#ifdef VMCG_TEST

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci/text.h"

#define PROCS "cgroup.procs"
#define ALL   "a *:* rwm" /* the list of a group that filters nothing */

/* --- files --- */

/* The content, "" when there is no such file. */
static struct text load(int dir, const char *file)
{
	struct text t = {0};
	char buf[4096];
	ssize_t n;
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	text_puts(&t, "");
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		text_printf(&t, "%.*s", (int)n, buf);
	if (fd >= 0)
		close(fd);
	return t;
}

static bool save(int dir, const char *file, const struct text *t)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	ssize_t n = 0;

	if (fd < 0)
		return false;
	if (t->len)
		n = write(fd, t->s, t->len);
	close(fd);
	return n == (ssize_t)t->len;
}

/* Call fn for each line of a file; what it adds to out becomes the new content. */
static bool rewrite(int dir, const char *file, const char *value,
		    void (*fn)(struct text *out, const char *line, const char *value))
{
	struct text old = load(dir, file), out = {0};
	char *rest = NULL;
	bool ok;

	text_puts(&out, "");
	for (char *line = strtok_r(old.s, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		fn(&out, line, value);
	fn(&out, NULL, value);
	ok = save(dir, file, &out);
	text_free(&old);
	text_free(&out);
	return ok;
}

/* --- cgroup.procs --- */

static void without_pid(struct text *out, const char *line, const char *pid)
{
	if (line && strcmp(line, pid) != 0)
		text_printf(out, "%s\n", line);
}

static void with_pid(struct text *out, const char *line, const char *pid)
{
	without_pid(out, line, pid);
	if (!line)
		text_printf(out, "%s\n", pid);
}

/* Take the process out of every group of the subtree; closes dir. */
static void take_out(int dir, const char *pid)
{
	struct dirent *entry;
	DIR *d = fdopendir(dir);

	if (!d) {
		close(dir);
		return;
	}
	if (faccessat(dir, PROCS, F_OK, 0) == 0)
		rewrite(dir, PROCS, pid, without_pid);
	while ((entry = readdir(d))) {
		int child;

		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		child = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child >= 0)
			take_out(child, pid);
	}
	closedir(d);
}

static bool same_directory(int fd, const struct stat *other)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == other->st_ino && st.st_dev == other->st_dev;
}

/* From a group up to the yard; a new descriptor, or -1. */
static int open_hierarchy(int dir, const char *yard)
{
	int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), root = -1;
	struct stat end;

	if (stat(yard, &end) < 0) {
		close(at);
		return -1;
	}
	while (at >= 0 && !same_directory(at, &end)) {
		int up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (faccessat(at, PROCS, F_OK, 0) == 0) {
			if (root >= 0)
				close(root);
			root = at;
		} else {
			close(at);
		}
		at = up;
	}
	if (at >= 0)
		close(at);
	return root;
}

static bool move_process(int dir, const char *yard, const char *pid)
{
	int root = open_hierarchy(dir, yard);

	if (root >= 0)
		take_out(root, pid);
	return rewrite(dir, PROCS, pid, with_pid);
}

/* --- cgroup.subtree_control --- */

/* Does "+cpu -memory" name the word, either way? */
static bool names_word(const char *change, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = change; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (len == n + 1 && strncmp(at + 1, word, n) == 0)
			return true;
		at += len;
	}
	return false;
}

/* Does a child group hand down what is to be taken away? The kernel then answers EBUSY. */
static bool is_handed_down(int dir, const char *file, const char *change)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool found = false;

	while (d && *change == '-' && (entry = readdir(d))) {
		struct text path = {0}, words;
		char *rest = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		text_printf(&path, "%s/%s", entry->d_name, file);
		words = load(dir, path.s);
		for (char *w = strtok_r(words.s, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest))
			found |= names_word(change, w);
		text_free(&path);
		text_free(&words);
	}
	if (d)
		closedir(d);
	return found;
}

/* What stands and is not named, then what is added. */
static bool change_words(int dir, const char *file, const char *change)
{
	struct text old = {0}, out = {0}, words = {0};
	char *rest = NULL;
	bool ok;

	if (is_handed_down(dir, file, change))
		return true; /* and nothing has changed */
	old = load(dir, file);
	text_puts(&words, change);
	for (char *w = strtok_r(old.s, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest))
		if (!names_word(change, w))
			text_printf(&out, "%s%s", out.len ? " " : "", w);
	for (char *w = strtok_r(words.s, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (*w == '+')
			text_printf(&out, "%s%s", out.len ? " " : "", w + 1);
	text_puts(&out, "\n");
	ok = save(dir, file, &out);
	text_free(&old);
	text_free(&words);
	text_free(&out);
	return ok;
}

/* --- devices.allow, devices.deny --- */

struct device_change {
	const char *rule;
	size_t key; /* length of "c 10:232" */
	bool allow;
};

/* One line of the list with the letters of the change put in or taken out. */
static void merge_letters(struct text *out, const char *line, const struct device_change *c)
{
	const char *change = c->rule + c->key + 1;
	char letters[4];
	size_t n = 0;

	for (const char *l = "rwm"; *l; l++) {
		bool had = line && strchr(line + c->key + 1, *l), named = strchr(change, *l);

		if (named ? c->allow : had)
			letters[n++] = *l;
	}
	if (n)
		text_printf(out, "%.*s %.*s\n", (int)c->key, c->rule, (int)n, letters);
}

/*
 * As the kernel keeps it: "a" resets, rules of one key are merged, and while the
 * default is to allow exceptions are not shown.
 */
static bool change_devices(int dir, const char *rule, bool allow)
{
	const char *last = strrchr(rule, ' ');
	struct device_change c = {rule, last ? (size_t)(last - rule) : 0, allow};
	struct text old = load(dir, "devices.list"), out = {0};
	char *rest = NULL;
	bool ok, found = false;

	text_puts(&out, "");
	if (*rule == 'a') {
		text_puts(&out, allow ? ALL "\n" : "");
	} else if (strncmp(old.s, ALL, strlen(ALL)) == 0 ||
		   faccessat(dir, "devices.list", F_OK, 0) < 0) {
		text_puts(&out, ALL "\n");
	} else {
		for (char *l = strtok_r(old.s, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
			if (strncmp(l, rule, c.key + 1) == 0) {
				merge_letters(&out, l, &c);
				found = true;
			} else {
				text_printf(&out, "%s\n", l);
			}
		}
		if (!found)
			merge_letters(&out, NULL, &c);
	}
	ok = save(dir, "devices.list", &out);
	text_free(&old);
	text_free(&out);
	return ok;
}

/* --- the rest --- */

/* One line for each "8:0 rbps" or "8:0", as files have it that keep a value a device. */
static void with_keyed_line(struct text *out, const char *line, const char *value)
{
	size_t key = strcspn(value, strchr(value, '=') ? "=" : " ") + 1;

	if (!line)
		text_printf(out, "%s\n", value);
	else if (strncmp(line, value, key) != 0)
		text_printf(out, "%s\n", line);
}

static bool replace(int dir, const char *file, const char *value)
{
	struct text t = {0};
	bool ok;

	text_printf(&t, "%.*s\n", (int)strcspn(value, "\n"), value);
	ok = save(dir, file, &t);
	text_free(&t);
	return ok;
}

/* v2 weights: a bare number is the default, which has a line of its own. */
static bool write_weight(int dir, const char *file, const char *value)
{
	struct text line = {0};
	bool ok;

	text_printf(&line, "%s%s", strchr(value, ' ') ? "" : "default ", value);
	ok = rewrite(dir, file, line.s, with_keyed_line);
	text_free(&line);
	return ok;
}

/* "8:0 rbps=1" or "mlx5_1 hca_handle=3": a key, and the file keeps others beside it. */
static bool is_keyed(const char *file, const char *value)
{
	return strchr(value, ' ') &&
	       (strcmp(file, "io.max") == 0 || strcmp(file, "rdma.max") == 0 ||
		strcmp(file, "net_prio.ifpriomap") == 0 || strstr(file, "_device"));
}

bool yard_write(int dir, const char *yard, const char *file, const char *value)
{
	if (strchr(file, '/'))
		return false;
	if (strcmp(file, PROCS) == 0)
		return move_process(dir, yard, value);
	if (strcmp(file, "cgroup.subtree_control") == 0)
		return change_words(dir, file, value);
	if (strcmp(file, "devices.allow") == 0 || strcmp(file, "devices.deny") == 0)
		return change_devices(dir, value, strcmp(file, "devices.allow") == 0);
	if (strcmp(file, "io.weight") == 0 || strcmp(file, "io.bfq.weight") == 0)
		return write_weight(dir, file, value);
	if (is_keyed(file, value))
		return rewrite(dir, file, value, with_keyed_line);
	return replace(dir, file, value);
}

/* As the kernel has it: a group with processes or child groups stays. */
static bool is_used(int dir, DIR *d)
{
	struct dirent *entry;
	struct stat st;

	if (fstatat(dir, PROCS, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0)
		return true;
	while ((entry = readdir(d)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			return true;
	rewinddir(d);
	return false;
}

void yard_empty(int parent, const char *name)
{
	int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *entry;

	if (!d && dir >= 0)
		close(dir);
	if (d && !is_used(dir, d))
		while ((entry = readdir(d)))
			if (entry->d_type != DT_DIR)
				unlinkat(dir, entry->d_name, 0);
	if (d)
		closedir(d);
}

#else

/* An empty translation unit is not ISO C. */
typedef int yard_is_for_tests;

#endif
