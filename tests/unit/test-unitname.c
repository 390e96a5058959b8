/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitname - slice:prefix:name: units, paths, and every refusal with its reason
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/unitname.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* want: "SLICE UNIT PATH", or "! MESSAGE" whose part it is. */
struct row {
	const char *in, *want;
};

#define FORM "! expected \"slice:prefix:name\", got \""

static const struct row rows[] = {
    {"system.slice:docker:1", "system.slice docker-1.scope /system.slice/docker-1.scope"},
    {"kubepods-besteffort-podX.slice:cri-containerd:1",
     "kubepods-besteffort-podX.slice cri-containerd-1.scope "
     "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podX.slice/"
     "cri-containerd-1.scope"},
    {"a_b-c.d.slice:p:n", "a_b-c.d.slice p-n.scope /a_b.slice/a_b-c.d.slice/p-n.scope"},
    {":runc:1", "default.slice runc-1.scope /default.slice/runc-1.scope"},
    /* an empty prefix leaves no dash */
    {"a.slice::1", "a.slice 1.scope /a.slice/1.scope"},
    {"::n", "default.slice n.scope /default.slice/n.scope"},
    {"-.slice:p:n", "-.slice p-n.scope /p-n.scope"},
    /* only one suffix is a suffix */
    {"a.slice.slice:p:n", "a.slice.slice p-n.scope /a.slice.slice/p-n.scope"},
    {"a.slice:p:n.scope", "a.slice p-n.scope.scope /a.slice/p-n.scope.scope"},
    {"a.slice:p:n.slice.x", "a.slice p-n.slice.x.scope /a.slice/p-n.slice.x.scope"},
    {"a.slice:p-q:n-m", "a.slice p-q-n-m.scope /a.slice/p-q-n-m.scope"},
    {"a.slice:p:n\\x2dm", "a.slice p-n\\x2dm.scope /a.slice/p-n\\x2dm.scope"},
    /* directories that could be taken for control files are escaped, unit names are not */
    {"a.slice::_x", "a.slice _x.scope /a.slice/__x.scope"},
    {"a.slice::.x", "a.slice .x.scope /a.slice/_.x.scope"},
    {"_a-b.slice::c", "_a-b.slice c.scope /__a.slice/__a-b.slice/c.scope"},
    {"..slice::c", "..slice c.scope /_..slice/c.scope"},
    {"cgroup.a.slice::c", "cgroup.a.slice c.scope /_cgroup.a.slice/c.scope"},
    {"a.slice::cgroup.x", "a.slice cgroup.x.scope /a.slice/_cgroup.x.scope"},
    {"a.slice:cgroup.x:y", "a.slice cgroup.x-y.scope /a.slice/_cgroup.x-y.scope"},
    {"system.slice::memory", "system.slice memory.scope /system.slice/_memory.scope"},
    {"memory.slice:vm:a", "memory.slice vm-a.scope /_memory.slice/vm-a.scope"},
    {"a.slice::cpu", "a.slice cpu.scope /a.slice/_cpu.scope"},
    {"a.slice::cpuacct", "a.slice cpuacct.scope /a.slice/_cpuacct.scope"},
    {"a.slice::cpuset", "a.slice cpuset.scope /a.slice/_cpuset.scope"},
    {"a.slice::io", "a.slice io.scope /a.slice/_io.scope"},
    {"a.slice::blkio", "a.slice blkio.scope /a.slice/_blkio.scope"},
    {"a.slice::devices", "a.slice devices.scope /a.slice/_devices.scope"},
    {"a.slice::pids", "a.slice pids.scope /a.slice/_pids.scope"},
    {"io-b-io.slice::c", "io-b-io.slice c.scope /_io.slice/io-b.slice/io-b-io.slice/c.scope"},
    /* a controller only at the beginning, and only as a whole word */
    {"a.slice::x.cpu", "a.slice x.cpu.scope /a.slice/x.cpu.scope"},
    {"a.slice::cpus", "a.slice cpus.scope /a.slice/cpus.scope"},
    {"a.slice::cpu-x", "a.slice cpu-x.scope /a.slice/cpu-x.scope"},
    {"a.slice:cpu:x.y", "a.slice cpu-x.y.scope /a.slice/cpu-x.y.scope"},
    {"a.slice::hugetlb", "a.slice hugetlb.scope /a.slice/hugetlb.scope"},
    {"a.slice::tasks", "a.slice tasks.scope /a.slice/tasks.scope"},

    {"", FORM "\": it has not exactly three fields"},
    {"foo", FORM "foo\": it has not exactly three fields"},
    {"/vm/x", FORM "/vm/x\": it has not exactly three fields"},
    {"a:b", FORM "a:b\": it has not exactly three fields"},
    {"a.slice:b:c:d", FORM "a.slice:b:c:d\": it has not exactly three fields"},
    {"a.slice:p:", FORM "a.slice:p:\": the name is empty"},
    {"::", FORM "::\": the name is empty"},
    {"a:b:", FORM "a:b:\": the slice must end in \".slice\""},
    {"a:b:c", FORM "a:b:c\": the slice must end in \".slice\""},
    {"-:p:n", FORM "-:p:n\": the slice must end in \".slice\""},
    {"a.slicex:p:n", FORM "a.slicex:p:n\": the slice must end in \".slice\""},
    {".slice:p:n", FORM ".slice:p:n\": the slice has no name before \".slice\""},
    {"a--b.slice:p:n",
     FORM "a--b.slice:p:n\": a slice may not begin or end with '-' nor contain \"--\""},
    {"-a.slice:p:n", "! a slice may not begin or end with '-'"},
    {"a-.slice:p:n", "! a slice may not begin or end with '-'"},
    {"--.slice:p:n", "! a slice may not begin or end with '-'"},
    {"a/b.slice:p:n", "! character '/' (0x2f) cannot stand in the slice of a systemd unit"},
    {"/a.slice:p:n", "! character '/' (0x2f) cannot stand in the slice of a systemd unit"},
    {"a.slice:p:n.slice", "! the name ends in \".slice\", and a slice cannot hold processes"},
    {"a.slice::.slice", "! the name ends in \".slice\", and a slice cannot hold processes"},
    {"a.slice:p:n/m", "! character '/' (0x2f) cannot stand in the name of a systemd unit"},
    {"a.slice:p/q:n", "! character '/' (0x2f) cannot stand in the prefix of a systemd unit"},
    {"a.slice:p:n m", "! character ' ' (0x20) cannot stand in the name"},
    {"a.slice:p:n\nm", "! \\x0a' (0x0a) cannot stand in the name"},
    {"a.slice:p:n\xc3\xa4", "! the name of a systemd unit takes ASCII only (byte 0xc3)"},
    {"a.slice:p:n%i", "! character '%' (0x25) cannot stand in the name"},
    {"a.slice:p:n@1", "! character '@' (0x40) cannot stand in the name"},
    {"a.slice:p@1:n", "! character '@' (0x40) cannot stand in the prefix"},
    {"a.slice:p:..", "! the name is \"..\""},
    {"a.slice:p:.", "! the name is \".\""},
    {"a.slice:..:n", "! the prefix is \"..\""},
    {"a.slice:.:n", "! the prefix is \".\""},
    /* systemds differ in what they escape */
    {"a.slice:cpu.x:1", "! \"a.slice:cpu.x:1\": cpu.x-1.scope begins like a control file "
			"(\"cpu.\"), and old and new versions of systemd name its directory "
			"differently; choose another name"},
    {"a.slice::cpu.x", "! cpu.x.scope begins like a control file (\"cpu.\")"},
    {"memory.x-y.slice:p:n", "! memory.x-y.slice begins like a control file (\"memory.\")"},
};

/* The outcome of one row, in the form of its want. */
static bool as_wanted(const struct row *row, const char *got, const struct error *e)
{
	if (row->want[0] != '!')
		return got && strcmp(got, row->want) == 0;
	return !got && e->kind == ERROR_INPUT && strstr(e->text, row->want + 2) &&
	       strncmp(e->text, "/linux/cgroupsPath: ", 20) == 0;
}

static void test_parse(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = {0};
		struct error e = {0};
		struct unitname u = {0};
		const char *got = NULL;

		if (unitname_parse(&u, rows[i].in, "default.slice", &a, &e) == 0)
			got = arena_printf(&a, "%s %s %s", u.slice, u.unit, u.path);
		else
			assert_true(!u.slice && !u.unit && !u.path);
		if (!as_wanted(&rows[i], got, &e)) {
			print_error("\"%s\"\n  want %s\n  got  %s\n", rows[i].in, rows[i].want,
				    got ? got : e.text);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

static void test_root_as_default_slice(void **state)
{
	struct arena a = {0};
	struct unitname u;

	(void)state;
	assert_int_equal(unitname_parse(&u, ":p:n", "-.slice", &a, NULL), 0);
	assert_string_equal(u.path, "/p-n.scope");
	arena_free(&a);
}

static const struct {
	const char *in;
	bool want;
} forms[] = {
    {"a.slice:b:c", true}, {":b:c", true},           {"::", true},
    {"-.slice::", true},   {".slice:a:b", true}, /* the form; that it is no slice comes later */
    {"a:b:c", false},      {"a.slice:b", false},     {"a.slice:b:c:d", false},
    {"slice:b:c", false},  {"/a.slicex:b:c", false}, {"", false},
    {"a.slice", false},    {"/a/b", false},          {":::", false},
};

static void test_has_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++)
		if (unitname_has_form(forms[i].in) != forms[i].want)
			fail_msg("\"%s\": want %d", forms[i].in, forms[i].want);
}

/* n bytes of 'x' between two texts. */
static const char *padded(struct arena *a, const char *before, size_t n, const char *after)
{
	char *x = arena_alloc(a, n + 1);

	memset(x, 'x', n);
	return arena_printf(a, "%s%s%s", before, x, after);
}

static void test_length(void **state)
{
	struct arena a = {0};
	struct error e = {0};
	struct unitname u = {0};

	(void)state;
	/* "p-" and ".scope" are 8 of the 255 bytes */
	assert_int_equal(unitname_parse(&u, padded(&a, ":p:", 247, ""), "s.slice", &a, &e), 0);
	assert_int_equal(strlen(u.unit), 255);
	assert_int_equal(unitname_parse(&u, padded(&a, ":p:", 248, ""), "s.slice", &a, &e), -1);
	assert_non_null(strstr(e.text, "longer than 255 bytes"));
	assert_int_equal(e.kind, ERROR_INPUT);
	/* ".slice" is 6 */
	assert_int_equal(unitname_parse(&u, padded(&a, "", 249, ".slice:p:n"), "s.slice", &a, &e),
			 0);
	assert_int_equal(unitname_parse(&u, padded(&a, "", 250, ".slice:p:n"), "s.slice", &a, &e),
			 -1);
	assert_non_null(strstr(e.text, "the slice is longer than 255 bytes"));
	arena_free(&a);
}

static void test_for_id(void **state)
{
	struct arena a = {0};
	struct error e = {0};
	struct unitname u = {0};

	(void)state;
	assert_int_equal(unitname_for_id(&u, "c1", "system.slice", &a, &e), 0);
	assert_string_equal(u.unit, "vmcg-c1.scope");
	assert_string_equal(u.slice, "system.slice");
	assert_string_equal(u.path, "/system.slice/vmcg-c1.scope");
	/* the one character of an id that a unit name lacks */
	assert_int_equal(unitname_for_id(&u, "+a++b_.-", "user.slice", &a, &e), 0);
	assert_string_equal(u.unit, "vmcg-\\x2ba\\x2b\\x2bb_.-.scope");
	assert_string_equal(u.path, "/user.slice/vmcg-\\x2ba\\x2b\\x2bb_.-.scope");
	/* "vmcg-" and ".scope" are 11 */
	assert_int_equal(unitname_for_id(&u, padded(&a, "", 244, ""), "a.slice", &a, &e), 0);
	assert_int_equal(unitname_for_id(&u, padded(&a, "", 245, ""), "a.slice", &a, &e), -1);
	assert_int_equal(e.kind, ERROR_INPUT);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),    cmocka_unit_test(test_root_as_default_slice),
	    cmocka_unit_test(test_has_form), cmocka_unit_test(test_length),
	    cmocka_unit_test(test_for_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
