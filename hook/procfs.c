/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs - the texts of /proc, parsed
 *
 * A text is a slice that is eaten from the front, line by line, then field by
 * field. No fixed buffers: a line may be as long as the kernel makes it.
 */
#include "hook/procfs.h"

#include <string.h>

/* What is left to read. */
struct slice {
	const char *s, *end;
};

static size_t slice_len(struct slice t)
{
	return (size_t)(t.end - t.s);
}

/* Take everything up to the next stop (or the end) off the front of from. */
static struct slice take(struct slice *from, char stop)
{
	const char *at = slice_len(*from) ? memchr(from->s, stop, slice_len(*from)) : NULL;
	struct slice got = {from->s, at ? at : from->end};

	from->s = at ? at + 1 : from->end;
	return got;
}

static bool slice_is(struct slice t, const char *word)
{
	return slice_len(t) == strlen(word) && memcmp(t.s, word, slice_len(t)) == 0;
}

static bool starts_with(struct slice t, const char *word)
{
	return slice_len(t) >= strlen(word) && memcmp(t.s, word, strlen(word)) == 0;
}

static const char *copy(struct arena *a, struct slice t)
{
	return arena_copy(a, t.s, slice_len(t));
}

/* All of t as a decimal number up to max. */
static bool parse_number(struct slice t, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!slice_len(t))
		return false;
	for (; t.s < t.end; t.s++) {
		uint64_t digit = (uint64_t)(*t.s - '0');

		if (*t.s < '0' || *t.s > '9' || v > (max - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

static int bad_line(const char *where, size_t line, struct slice text, struct error *e)
{
	return error_set(e, ERROR_HOST, "%s: line %zu is not what the kernel writes there: %.*s",
			 where, line, slice_len(text) > 200 ? 200 : (int)slice_len(text), text.s);
}

/* --- /proc/PID/cgroup --- */

/* The comma-separated items of a list, whole: "cpu" is not in "cpuset,cpuacct". */
static void split_names(struct slice list, struct procfs_cgroup *c, struct arena *a)
{
	while (list.s < list.end) {
		struct slice item = take(&list, ',');

		if (slice_len(item))
			*ARENA_APPEND(a, c->names, c->n_names) = copy(a, item);
	}
}

/* "ID:LIST:PATH"; the path may hold colons and blanks. */
static bool parse_cgroup_line(struct slice line, struct procfs_cgroup *c, struct arena *a)
{
	static const char gone[] = " (deleted)";
	struct slice id = take(&line, ':');
	struct slice list = take(&line, ':');
	uint64_t number;

	if (!parse_number(id, UINT32_MAX, &number) || !starts_with(line, "/"))
		return false;
	*c = (struct procfs_cgroup){0};
	if (slice_len(list)) {
		split_names(list, c, a);
	} else {
		*ARENA_APPEND(a, c->names, c->n_names) = "unified";
		/* Only the v2 line is ever marked; on v1 it would be part of a name. */
		c->deleted = slice_len(line) > strlen(gone) &&
			     memcmp(line.end - strlen(gone), gone, strlen(gone)) == 0;
		if (c->deleted)
			line.end -= strlen(gone);
	}
	c->path = copy(a, line);
	return true;
}

int procfs_parse_cgroup(struct procfs_cgroup **ret, size_t *ret_n, struct arena *a,
			const char *text, size_t len, const char *where, struct error *e)
{
	struct slice rest = {text, text + len};
	struct procfs_cgroup *lines = NULL;
	size_t n = 0;

	while (rest.s < rest.end) {
		struct slice line = take(&rest, '\n');
		struct procfs_cgroup c;

		if (!parse_cgroup_line(line, &c, a))
			return bad_line(where, n + 1, line, e);
		*ARENA_APPEND(a, lines, n) = c;
	}
	*ret = lines;
	*ret_n = n;
	return 0;
}

const struct procfs_cgroup *procfs_find_cgroup(const struct procfs_cgroup *lines, size_t n,
					       const char *name)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < lines[i].n_names; j++)
			if (strcmp(lines[i].names[j], name) == 0)
				return &lines[i];
	return NULL;
}

/* --- /proc/PID/stat, /proc/PID/status --- */

/* Fields 3 (state), 4 (ppid) and 22 (start) of what follows the name. */
static bool parse_stat_fields(struct slice rest, struct procfs_stat *st)
{
	uint64_t ppid = 0;

	for (int field = 3; field <= 22; field++) {
		struct slice t = take(&rest, ' ');

		if (field == 3) {
			if (slice_len(t) != 1)
				return false;
			st->state = *t.s;
		} else if (field == 4 && !parse_number(t, INT32_MAX, &ppid)) {
			return false;
		} else if (field == 22 && !parse_number(t, UINT64_MAX, &st->start)) {
			return false;
		}
	}
	st->ppid = (int64_t)ppid;
	return true;
}

/* A process chooses its name, byte by byte: what would not stand in a line or a JSON string
 * becomes '?'. The name is for people only. */
static const char *plain(char *name)
{
	for (char *at = name; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	return name;
}

int procfs_parse_stat(struct procfs_stat *ret, struct arena *a, const char *text, size_t len,
		      const char *where, struct error *e)
{
	struct slice whole = {text, text + len}, rest = whole, id;
	struct procfs_stat st = {0};
	const char *close;
	uint64_t pid;

	if (len && text[len - 1] == '\n')
		rest.end--;
	id = take(&rest, ' ');
	/* A name may hold ") (": it ends at the last parenthesis of the line. */
	close = slice_len(rest) ? memrchr(rest.s, ')', slice_len(rest)) : NULL;
	if (!parse_number(id, INT32_MAX, &pid) || !starts_with(rest, "(") || !close ||
	    !starts_with((struct slice){close, rest.end}, ") ") ||
	    !parse_stat_fields((struct slice){close + 2, rest.end}, &st))
		return bad_line(where, 1, whole, e);
	st.pid = (int64_t)pid;
	st.comm = plain(arena_copy(a, rest.s + 1, (size_t)(close - rest.s - 1)));
	*ret = st;
	return 0;
}

int procfs_parse_tgid(int64_t *ret, const char *text, size_t len, const char *where,
		      struct error *e)
{
	static const char key[] = "Tgid:\t";
	struct slice rest = {text, text + len};
	uint64_t tgid;

	while (rest.s < rest.end) {
		struct slice line = take(&rest, '\n');

		if (!starts_with(line, key))
			continue;
		line.s += strlen(key);
		if (!parse_number(line, INT32_MAX, &tgid))
			break;
		*ret = (int64_t)tgid;
		return 0;
	}
	return error_set(e, ERROR_HOST, "%s: has no line \"Tgid:\" with a number", where);
}

/* --- /proc/self/mountinfo --- */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* A copy with the kernel's \040, \011, \012 and \134 decoded. */
static const char *unescape(struct arena *a, struct slice t)
{
	char *out = arena_alloc(a, slice_len(t) + 1), *at = out;

	while (t.s < t.end) {
		if (*t.s == '\\' && slice_len(t) >= 4 && is_octal(t.s[1]) && is_octal(t.s[2]) &&
		    is_octal(t.s[3])) {
			*at++ = (char)((t.s[1] - '0') * 64 + (t.s[2] - '0') * 8 + (t.s[3] - '0'));
			t.s += 4;
		} else {
			*at++ = *t.s++;
		}
	}
	return out;
}

/* Options of a v1 superblock that are no controller. */
static bool is_flag(struct slice item)
{
	static const char *const words[] = {
	    "rw",       "ro",       "sync",  "dirsync",        "mand",           "lazytime",
	    "seclabel", "noprefix", "xattr", "clone_children", "cpuset_v2_mode", "favordynmods",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(item, words[i]))
			return true;
	return memchr(item.s, '=', slice_len(item)) && !starts_with(item, "name=");
}

static void read_super_options(struct slice options, struct procfs_mount *m, struct arena *a)
{
	while (options.s < options.end) {
		struct slice item = take(&options, ',');

		if (slice_is(item, "noprefix"))
			m->noprefix = true;
		if (slice_len(item) && !is_flag(item))
			*ARENA_APPEND(a, m->names, m->n_names) = unescape(a, item);
	}
}

/*
 * "ID PARENT MAJ:MIN ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER"
 * 1: a cgroup mount, 0: another one, -1: not such a line.
 */
static int parse_mount_line(struct slice line, struct procfs_mount *m, struct arena *a)
{
	struct slice root, point, field, type;

	for (int i = 0; i < 3; i++)
		take(&line, ' ');
	root = take(&line, ' ');
	point = take(&line, ' ');
	take(&line, ' ');
	do {
		if (line.s == line.end)
			return -1;
		field = take(&line, ' ');
	} while (!slice_is(field, "-"));
	type = take(&line, ' ');
	if (!slice_len(root) || !slice_len(point) || !slice_len(type))
		return -1;
	if (!slice_is(type, "cgroup") && !slice_is(type, "cgroup2"))
		return 0;
	take(&line, ' ');
	*m = (struct procfs_mount){.point = unescape(a, point), .root = unescape(a, root)};
	m->v2 = slice_is(type, "cgroup2");
	if (m->v2)
		*ARENA_APPEND(a, m->names, m->n_names) = "unified";
	else
		read_super_options(line, m, a);
	return 1;
}

int procfs_parse_mountinfo(struct procfs_mount **ret, size_t *ret_n, struct arena *a,
			   const char *text, size_t len, const char *where, struct error *e)
{
	struct slice rest = {text, text + len};
	struct procfs_mount *mounts = NULL;
	size_t n = 0;

	for (size_t line_no = 1; rest.s < rest.end; line_no++) {
		struct slice line = take(&rest, '\n');
		struct procfs_mount m;
		int r;

		r = parse_mount_line(line, &m, a);
		if (r < 0)
			return bad_line(where, line_no, line, e);
		if (r > 0)
			*ARENA_APPEND(a, mounts, n) = m;
	}
	*ret = mounts;
	*ret_n = n;
	return 0;
}

/* --- /proc/self/uid_map --- */

bool procfs_uid_map_is_initial(const char *text, size_t len)
{
	static const char *const want[] = {"0", "0", "4294967295"};
	struct slice rest = {text, text + len}, line = take(&rest, '\n');
	size_t n = 0;

	if (rest.s < rest.end)
		return false;
	while (line.s < line.end) {
		struct slice field = take(&line, ' ');

		if (!slice_len(field))
			continue;
		if (n == 3 || !slice_is(field, want[n++]))
			return false;
	}
	return n == 3;
}

int64_t procfs_uid_outside(const char *text, size_t len, int64_t uid)
{
	struct slice rest = {text, text + len};

	while (rest.s < rest.end) {
		struct slice line = take(&rest, '\n');
		int64_t numbers[3] = {0}; /* inside, outside, how many */
		size_t n = 0;

		while (line.s < line.end && n < 3) {
			struct slice field = take(&line, ' ');
			uint64_t value;

			if (!slice_len(field))
				continue;
			if (!parse_number(field, UINT32_MAX, &value))
				return -1;
			numbers[n++] = (int64_t)value;
		}
		if (n == 3 && uid >= numbers[0] && uid - numbers[0] < numbers[2])
			return numbers[1] + (uid - numbers[0]);
	}
	return -1;
}
