/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgpath - cgroup paths, component by component
 */
#include "hook/cgpath.h"

#include <string.h>

/* The length of the component at s. */
static size_t component(const char *s)
{
	return strcspn(s, "/");
}

/* Does the component of n bytes at s say word? */
static bool component_is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* Cut the last component off a path of len bytes under construction. */
static size_t cut_last(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/* Resolve "//", "." and ".." of path into out, which holds strlen(path) + 2 bytes. */
static int resolve(char *out, const char *path, const char *why, struct error *e)
{
	size_t len = 0, n;

	for (const char *s = path; *s; s += n + (s[n] == '/')) {
		n = component(s);
		if (n == 0 || component_is(s, n, "."))
			continue;
		if (component_is(s, n, "..")) {
			len = cut_last(out, len);
			continue;
		}
		if (n > CGPATH_MAX_NAME)
			return error_set(e, ERROR_INPUT,
					 "%s: component \"%.64s...\" of the cgroup path has %zu "
					 "bytes: the kernel takes at most %d",
					 why, s, n, CGPATH_MAX_NAME);
		out[len++] = '/';
		memcpy(out + len, s, n);
		len += n;
	}
	out[len] = '\0';
	if (len > CGPATH_MAX)
		return error_set(e, ERROR_INPUT,
				 "%s: cgroup path \"%.64s...\" has %zu bytes: at most %d fit", why,
				 out, len, CGPATH_MAX);
	return 0;
}

int cgpath_clean(const char **ret, struct arena *a, const char *path, const char *why,
		 struct error *e)
{
	char *out;

	if (strchr(path, '\n'))
		return error_set(e, ERROR_INPUT,
				 "%s: cgroup path \"%.256s\" holds a newline: no cgroup can be "
				 "called so",
				 why, path);
	out = arena_alloc(a, strlen(path) + 2);
	if (resolve(out, path, why, e) < 0)
		return -1;
	if (out[0] == '\0')
		return error_set(e, ERROR_INPUT,
				 "%s: cgroup path \"%.256s\" is the root cgroup, which holds the "
				 "whole host: name a cgroup below it, such as /vmcg/ID",
				 why, path);
	*ret = out;
	return 0;
}

const char *cgpath_join(struct arena *a, const char *base, const char *tail)
{
	while (*tail == '/')
		tail++;
	if (*tail == '\0')
		return arena_copy(a, base, strlen(base));
	return arena_printf(a, "%s/%s", strcmp(base, "/") == 0 ? "" : base, tail);
}

const char *cgpath_parent(struct arena *a, const char *path)
{
	size_t len;

	if (strcmp(path, "/") == 0)
		return NULL;
	len = cut_last(path, strlen(path));
	return len > 0 ? arena_copy(a, path, len) : "/";
}

const char *cgpath_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

size_t cgpath_depth(const char *path)
{
	size_t n = 0;

	if (strcmp(path, "/") == 0)
		return 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

const char *cgpath_head(struct arena *a, const char *path, size_t n)
{
	const char *s = path;

	for (; n > 0 && *s == '/' && s[1]; n--)
		s += 1 + component(s + 1);
	return s > path ? arena_copy(a, path, (size_t)(s - path)) : "/";
}

const char *cgpath_relative(const char *path, const char *ancestor)
{
	size_t n = strlen(ancestor);

	if (strcmp(ancestor, "/") == 0)
		return path + 1;
	if (strncmp(path, ancestor, n) != 0)
		return NULL;
	if (path[n] == '\0')
		return path + n;
	return path[n] == '/' ? path + n + 1 : NULL;
}

bool cgpath_within(const char *path, const char *ancestor)
{
	return cgpath_relative(path, ancestor) != NULL;
}

bool cgpath_below(const char *path, const char *ancestor)
{
	const char *rest = cgpath_relative(path, ancestor);

	return rest && *rest;
}

bool cgpath_ends_with(const char *path, const char *tail)
{
	size_t n = strlen(path), m;

	while (*tail == '/')
		tail++;
	m = strlen(tail);
	if (m == 0 || m >= n)
		return false;
	return path[n - m - 1] == '/' && strcmp(path + n - m, tail) == 0;
}

const char *cgpath_on_disk(struct arena *a, const char *mount, const char *root, const char *path)
{
	const char *rest = cgpath_relative(path, root);

	return rest ? cgpath_join(a, mount, rest) : NULL;
}
