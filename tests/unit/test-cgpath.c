/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cgpath - component-wise path work, by table
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hook/cgpath.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

/* Equal as strings, NULL included; prints the row otherwise. */
static void check_string(size_t row, const char *in, const char *got, const char *want)
{
	if (got == want || (got && want && strcmp(got, want) == 0))
		return;
	fail_msg("row %zu: %s: got %s, want %s", row, in, got ? got : "NULL", want ? want : "NULL");
}

static void test_clean(void **state)
{
	static const struct {
		const char *in, *want;
	} t[] = {
	    {"/a/b", "/a/b"},
	    {"a/b", "/a/b"},
	    {"//a///b//", "/a/b"},
	    {"/a/./b/.", "/a/b"},
	    {"/a/../b", "/b"},
	    {"../../x", "/x"},
	    {"/../x", "/x"},
	    {"/a/b/../../../../c/d/..", "/c"},
	    {"/...", "/..."},
	    {"/..a/.b", "/..a/.b"},
	    {"s.slice:p:n", "/s.slice:p:n"},
	    {"/with blank/\ttab", "/with blank/\ttab"},
	};
	struct arena a = {0};
	struct error e = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const char *got = NULL;

		if (cgpath_clean(&got, &a, t[i].in, "/linux/cgroupsPath", &e) != 0)
			fail_msg("row %zu: %s: refused: %s", i, t[i].in, e.text);
		check_string(i, t[i].in, got, t[i].want);
	}
	arena_free(&a);
}

static void test_clean_refuses(void **state)
{
	static const struct {
		const char *in, *word;
	} t[] = {
	    {"", "root cgroup"},     {"/", "root cgroup"},
	    {"..", "root cgroup"},   {"/a/..", "root cgroup"},
	    {"/./.", "root cgroup"}, {"/a\nb", "a\\x0ab\" holds a newline"},
	};
	const char *const before = "untouched";
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const char *got = before;
		struct error e = {0};

		if (cgpath_clean(&got, &a, t[i].in, "/linux/cgroupsPath", &e) != -1)
			fail_msg("row %zu: \"%s\" accepted as %s", i, t[i].in, got);
		assert_ptr_equal(got, before);
		assert_int_equal(e.kind, ERROR_INPUT);
		if (!strstr(e.text, t[i].word) || !strstr(e.text, "/linux/cgroupsPath: "))
			fail_msg("row %zu: message: %s", i, e.text);
	}
	arena_free(&a);
}

/* The longest name and path that fit, and one byte more. */
static void test_clean_lengths(void **state)
{
	char path[CGPATH_MAX + 2];
	struct arena a = {0};
	struct error e = {0};
	const char *got = NULL;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[CGPATH_MAX_NAME] = '\0';
	assert_int_equal(cgpath_clean(&got, &a, path, "here", &e), 0);
	assert_int_equal(strlen(got), CGPATH_MAX_NAME + 1);
	path[CGPATH_MAX_NAME] = 'x';
	path[CGPATH_MAX_NAME + 1] = '\0';
	assert_int_equal(cgpath_clean(&got, &a, path, "here", &e), -1);
	assert_non_null(strstr(e.text, "has 256 bytes"));

	memset(path, 'x', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += 100)
		path[i] = '/';
	path[CGPATH_MAX] = '\0';
	assert_int_equal(cgpath_clean(&got, &a, path, "here", &e), 0);
	assert_string_equal(got, path);
	path[CGPATH_MAX] = 'x';
	path[CGPATH_MAX + 1] = '\0';
	assert_int_equal(cgpath_clean(&got, &a, path, "here", &e), -1);
	assert_non_null(strstr(e.text, "has 4096 bytes"));
	arena_free(&a);
}

static void test_below(void **state)
{
	static const struct {
		const char *path, *ancestor, *relative; /* NULL: not within */
	} t[] = {
	    {"/vm1/x", "/vm1", "x"}, {"/vm10", "/vm1", NULL}, /* a prefix of bytes is not a parent
							       */
	    {"/vm1", "/vm10", NULL}, {"/a", "/", "a"},         {"/", "/", ""},
	    {"/vm1", "/vm1", ""},    {"/vm1", "/vm1/x", NULL}, {"/a/b/c", "/a", "b/c"},
	    {"/b/a", "/a", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const char *want = t[i].relative;

		check_string(i, t[i].path, cgpath_relative(t[i].path, t[i].ancestor), want);
		if (cgpath_within(t[i].path, t[i].ancestor) != (want != NULL))
			fail_msg("row %zu: within %s %s", i, t[i].path, t[i].ancestor);
		if (cgpath_below(t[i].path, t[i].ancestor) != (want && *want))
			fail_msg("row %zu: below %s %s", i, t[i].path, t[i].ancestor);
	}
}

static void test_ends_with(void **state)
{
	static const struct {
		const char *path, *tail;
		bool want;
	} t[] = {
	    {"/x/a/b", "a/b", true}, {"/x/a/b", "/a/b", true}, {"/a/b", "a/b", true},
	    {"/xa/b", "a/b", false}, {"/b", "a/b", false},     {"/a/b/c", "a/b", false},
	    {"/a", "", false},       {"/a", "/", false},       {"/", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (cgpath_ends_with(t[i].path, t[i].tail) != t[i].want)
			fail_msg("row %zu: %s ends with %s", i, t[i].path, t[i].tail);
}

static void test_parts(void **state)
{
	static const struct {
		const char *path, *parent, *name;
		size_t depth;
		const char *head1;
	} t[] = {
	    {"/", NULL, "", 0, "/"},
	    {"/a", "/", "a", 1, "/a"},
	    {"/a/b", "/a", "b", 2, "/a"},
	    {"/a/b/cc", "/a/b", "cc", 3, "/a"},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		check_string(i, t[i].path, cgpath_parent(&a, t[i].path), t[i].parent);
		check_string(i, t[i].path, cgpath_name(t[i].path), t[i].name);
		assert_int_equal(cgpath_depth(t[i].path), t[i].depth);
		check_string(i, t[i].path, cgpath_head(&a, t[i].path, 0), "/");
		check_string(i, t[i].path, cgpath_head(&a, t[i].path, 1), t[i].head1);
		check_string(i, t[i].path, cgpath_head(&a, t[i].path, t[i].depth), t[i].path);
		check_string(i, t[i].path, cgpath_head(&a, t[i].path, 99), t[i].path);
	}
	arena_free(&a);
}

static void test_join(void **state)
{
	static const struct {
		const char *base, *tail, *want;
	} t[] = {
	    {"/a", "b", "/a/b"}, {"/a", "/b/c", "/a/b/c"}, {"/", "b", "/b"},
	    {"/", "/", "/"},     {"/a", "", "/a"},
	};
	static const struct {
		const char *mount, *root, *path, *want;
	} disk[] = {
	    {"/sys/fs/cgroup", "/", "/vm/x", "/sys/fs/cgroup/vm/x"},
	    {"/sys/fs/cgroup", "/", "/", "/sys/fs/cgroup"},
	    {"/m", "/docker/1", "/docker/1/vm", "/m/vm"},
	    {"/m", "/docker/1", "/docker/1", "/m"},
	    {"/m", "/docker/1", "/docker/10", NULL},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		check_string(i, t[i].base, cgpath_join(&a, t[i].base, t[i].tail), t[i].want);
	for (size_t i = 0; i < COUNT(disk); i++)
		check_string(i, disk[i].path,
			     cgpath_on_disk(&a, disk[i].mount, disk[i].root, disk[i].path),
			     disk[i].want);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_clean),         cmocka_unit_test(test_clean_refuses),
	    cmocka_unit_test(test_clean_lengths), cmocka_unit_test(test_below),
	    cmocka_unit_test(test_ends_with),     cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
