/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-facts - host facts: JSON there and back, what is refused, what is asked
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hook/facts.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static const char short_form[] =
    "{\"layout\": \"unified\", \"mounts\": {\"unified\": \"/sys/fs/cgroup\"}}";

static const char full[] =
    "{\"layout\": \"hybrid\", \"kernel\": \"6.1.0\", \"page_size\": 65536, \"cpus\": \"0-3,8\","
    " \"mems\": \"0-1\", \"systemd\": 252,"
    " \"mounts\": {\"cpu\": \"/sys/fs/cgroup/cpu,cpuacct\", \"cpuacct\": "
    "\"/sys/fs/cgroup/cpu,cpuacct\","
    "  \"name=systemd\": \"/sys/fs/cgroup/systemd\", \"unified\": \"/sys/fs/cgroup/unified\"},"
    " \"roots\": {\"cpu\": \"/docker/1\"},"
    " \"controllers\": [\"cpu\", \"cpuacct\", \"hugetlb\"], \"files\": [\"cpu.idle\"],"
    " \"devices\": {\"/dev/kvm\": {\"type\": \"c\", \"major\": 10, \"minor\": 232},"
    "  \"/dev/vda\": {\"type\": \"b\", \"major\": 254, \"minor\": 0}, \"/dev/mshv\": null},"
    " \"cgroups\": {\"/\": {\"procs\": 0, \"children\": 2, \"controllers\": \"hugetlb\","
    "   \"subtree_control\": \"\"},"
    "  \"/a b\": {\"procs\": 18446744073709551615, \"children\": 1, \"in\": [\"cpu\", "
    "\"unified\"],"
    "   \"type\": \"domain threaded\", \"controllers\": \"\", \"subtree_control\": \"\"}},"
    " \"processes\": [{\"pid\": 42, \"start\": 987654321012, \"comm\": \"a \\\"b\\n\","
    "  \"kvm\": true, \"init\": false, \"cgroups\": {\"cpu\": \"/x\", \"unified\": \"/y\"}}],"
    " \"euid\": 1000, \"rootless\": true, \"delegated\": \"/user.slice\"}";

static int parse(struct facts *ret, struct arena *a, const char *text, struct error *e)
{
	return facts_parse(ret, a, text, strlen(text), e);
}

static void must_parse(struct facts *ret, struct arena *a, const char *text)
{
	struct error e = {0};

	if (parse(ret, a, text, &e) != 0)
		fail_msg("refused: %s\n%s", e.text, text);
}

static void test_defaults(void **state)
{
	struct arena a = {0};
	struct facts f;

	(void)state;
	must_parse(&f, &a, short_form);
	assert_int_equal(f.layout, LAYOUT_UNIFIED);
	assert_string_equal(f.kernel, "");
	assert_int_equal(f.page_size, 4096);
	assert_string_equal(f.cpus, "0");
	assert_string_equal(f.mems, "0");
	assert_int_equal(f.systemd, 0);
	assert_int_equal(f.n_mounts, 1);
	assert_string_equal(f.mounts[0].root, "/");
	assert_int_equal(f.n_controllers + f.n_files + f.n_devices + f.n_cgroups + f.n_processes,
			 0);
	assert_int_equal(f.euid, 0);
	assert_false(f.rootless);
	assert_null(f.delegated);
	arena_free(&a);
}

static void test_values(void **state)
{
	struct arena a = {0};
	struct facts f;

	(void)state;
	must_parse(&f, &a, full);
	assert_int_equal(f.layout, LAYOUT_HYBRID);
	assert_int_equal(f.page_size, 65536);
	assert_string_equal(f.cpus, "0-3,8");
	assert_int_equal(f.systemd, 252);
	assert_string_equal(facts_mount(&f, "cpu")->root, "/docker/1");
	assert_string_equal(facts_mount(&f, "cpuacct")->root, "/");
	assert_true(facts_device(&f, "/dev/vda")->present);
	assert_int_equal(facts_device(&f, "/dev/vda")->type, 'b');
	assert_int_equal(facts_device(&f, "/dev/kvm")->minor, 232);
	assert_false(facts_device(&f, "/dev/mshv")->present);
	assert_null(facts_device(&f, "/dev/kv"));
	assert_true(facts_cgroup(&f, "/a b")->procs == UINT64_MAX);
	assert_int_equal(facts_cgroup(&f, "/a b")->n_in, 2);
	assert_string_equal(facts_cgroup(&f, "/a b")->type, "domain threaded");
	assert_null(facts_cgroup(&f, "/")->type);
	assert_string_equal(facts_cgroup(&f, "/")->subtree_control, "");
	assert_null(facts_cgroup(&f, "/a"));
	assert_true(facts_has_file(&f, "cpu.idle"));
	assert_false(facts_has_file(&f, "cpu.idl"));
	assert_true(facts_process(&f, 42)->start == 987654321012);
	assert_string_equal(facts_process(&f, 42)->comm, "a \"b\n");
	assert_true(facts_process(&f, 42)->kvm);
	assert_false(facts_process(&f, 42)->init);
	assert_string_equal(facts_process_path(facts_process(&f, 42), "unified"), "/y");
	assert_null(facts_process_path(facts_process(&f, 42), "cpuacct"));
	assert_null(facts_process(&f, 4));
	assert_string_equal(f.delegated, "/user.slice");
	arena_free(&a);
}

/* print(parse(x)) is a fixed point, and holds all that was given. */
static void test_round_trip(void **state)
{
	static const char *const documents[] = {short_form, full};

	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		struct text once = {0}, twice = {0};
		struct arena a = {0};
		struct facts f;

		must_parse(&f, &a, documents[i]);
		facts_json(&f, &once);
		must_parse(&f, &a, once.s);
		facts_json(&f, &twice);
		assert_string_equal(once.s, twice.s);
		assert_int_equal(once.s[once.len - 1], '\n');
		text_free(&once);
		text_free(&twice);
		arena_free(&a);
	}
}

static void test_print(void **state)
{
	static const char want[] = "{\n"
				   "  \"layout\": \"unified\",\n"
				   "  \"kernel\": \"\",\n"
				   "  \"page_size\": 4096,\n"
				   "  \"cpus\": \"0\",\n"
				   "  \"mems\": \"0\",\n"
				   "  \"systemd\": 0,\n"
				   "  \"mounts\": {\n"
				   "    \"unified\": \"/sys/fs/cgroup\"\n"
				   "  },\n"
				   "  \"controllers\": [],\n"
				   "  \"files\": [],\n"
				   "  \"devices\": {},\n"
				   "  \"cgroups\": {},\n"
				   "  \"euid\": 0,\n"
				   "  \"rootless\": false\n"
				   "}\n";
	static const char *const lines[] = {
	    "\"roots\": {\n    \"cpu\": \"/docker/1\"\n  }",
	    "\"/dev/kvm\": {\"type\": \"c\", \"major\": 10, \"minor\": 232},",
	    "\"/dev/mshv\": null",
	    "\"controllers\": [\"cpu\", \"cpuacct\", \"hugetlb\"],",
	    "\"in\": [\"cpu\", \"unified\"], \"type\": \"domain threaded\", \"controllers\": \"\"",
	    "\"start\": 987654321012,",
	    "\"delegated\": \"/user.slice\"\n}",
	};
	struct text out = {0};
	struct arena a = {0};
	struct facts f;

	(void)state;
	must_parse(&f, &a, short_form);
	facts_json(&f, &out);
	assert_string_equal(out.s, want);
	text_free(&out);
	must_parse(&f, &a, full);
	facts_json(&f, &out);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!strstr(out.s, lines[i]))
			fail_msg("row %zu: no %s in\n%s", i, lines[i], out.s);
	text_free(&out);
	arena_free(&a);
}

#define UNIFIED "\"layout\": \"unified\", \"mounts\": {\"unified\": \"/c\"}"

static void test_refused(void **state)
{
	static const struct {
		const char *in, *word;
	} t[] = {
	    {"", ""},
	    {"[]", ""},
	    {"{}", "layout"},
	    {"{\"layout\": \"unified\"}", "mounts"},
	    {"{\"layout\": \"v2\", \"mounts\": {\"unified\": \"/c\"}}", "\"v2\": expected"},
	    {"{" UNIFIED ", \"color\": 1}", "color"},
	    {"{" UNIFIED ", \"page_size\": \"4096\"}", "/page_size"},
	    {"{" UNIFIED ", \"page_size\": -1}", "/page_size"},
	    {"{" UNIFIED ", \"rootless\": 1}", "/rootless"},
	    {"{\"layout\": \"unified\", \"mounts\": {\"unified\": \"c\"}}", "absolute path"},
	    {"{\"layout\": \"unified\", \"mounts\": {\"unified\": 1}}", "/mounts/unified"},
	    {"{\"layout\": \"legacy\", \"mounts\": {\"cpu\": \"/c\", \"unified\": \"/u\"}}",
	     "legacy has no mount"},
	    {"{\"layout\": \"legacy\", \"mounts\": {}}", "needs the mount of a v1"},
	    {"{\"layout\": \"hybrid\", \"mounts\": {\"cpu\": \"/c\"}}",
	     "needs the mount \"unified\""},
	    {"{\"layout\": \"hybrid\", \"mounts\": {\"unified\": \"/c\"}}", "v1 controller"},
	    {"{\"layout\": \"unified\", \"mounts\": {\"cpu\": \"/c\"}}",
	     "needs the mount \"unified\""},
	    {"{" UNIFIED ", \"roots\": {\"cpu\": \"/x\"}}", "not in \"mounts\""},
	    {"{" UNIFIED ", \"controllers\": [1]}", "/controllers/0"},
	    {"{" UNIFIED ", \"files\": {}}", "/files"},
	    {"{" UNIFIED ", \"devices\": {\"kvm\": null}}", "absolute path as the name"},
	    {"{" UNIFIED ", \"devices\": {\"/k\": {\"type\": \"u\", \"major\": 1, \"minor\": 1}}}",
	     "expected \"b\" or \"c\""},
	    {"{" UNIFIED ", \"devices\": {\"/k\": {\"type\": \"c\", \"major\": 1}}}", "minor"},
	    {"{" UNIFIED ", \"devices\": {\"/k\": {\"type\": \"c\", \"major\": -1, \"minor\": 1}}}",
	     "major"},
	    {"{" UNIFIED ", \"cgroups\": {\"a\": {}}}", "absolute path as the name"},
	    {"{" UNIFIED ", \"cgroups\": {\"/a\": 1}}", "/cgroups/~1a"},
	    {"{" UNIFIED ", \"cgroups\": {\"/a\": {\"tasks\": 1}}}", "tasks"},
	    {"{" UNIFIED ", \"processes\": [{}]}", "pid"},
	    {"{" UNIFIED ", \"processes\": [{\"pid\": 0}]}", "/processes/0/pid"},
	    {"{" UNIFIED ", \"processes\": [{\"pid\": 1, \"cgroups\": {\"cpu\": \"x\"}}]}",
	     "absolute path"},
	    {"{" UNIFIED "} {}", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = {0};
		struct error e = {0};
		struct facts f;

		if (parse(&f, &a, t[i].in, &e) != -1)
			fail_msg("row %zu: accepted: %s", i, t[i].in);
		if (e.kind != ERROR_INPUT || !strstr(e.text, t[i].word))
			fail_msg("row %zu: message: %s", i, e.text);
		arena_free(&a);
	}
}

static void test_version(void **state)
{
	static const char *const hosts[] = {
	    "{\"layout\": \"legacy\", \"mounts\": {\"cpu\": \"/c\", \"name=systemd\": \"/s\"},"
	    " \"controllers\": [\"cpu\"]}",
	    "{\"layout\": \"hybrid\", \"mounts\": {\"cpu\": \"/c\", \"devices\": \"/d\","
	    " \"unified\": \"/u\"}, \"controllers\": [\"cpu\", \"devices\", \"hugetlb\"]}",
	    "{\"layout\": \"unified\", \"mounts\": {\"unified\": \"/u\"},"
	    " \"controllers\": [\"cpu\", \"cpuset\"]}",
	};
	static const struct {
		const char *controller;
		int want[COUNT(hosts)];
	} t[] = {
	    {"cpu", {1, 1, 2}},     {"cpuset", {0, 0, 2}},       {"hugetlb", {0, 2, 0}},
	    {"devices", {0, 1, 2}}, {"freezer", {0, 2, 2}},      {"unified", {0, 2, 2}},
	    {"", {0, 2, 2}},        {"name=systemd", {1, 0, 0}},
	};
	struct arena a = {0};
	struct facts f;

	(void)state;
	for (size_t h = 0; h < COUNT(hosts); h++) {
		must_parse(&f, &a, hosts[h]);
		for (size_t i = 0; i < COUNT(t); i++)
			if (facts_version(&f, t[i].controller) != t[i].want[h])
				fail_msg("host %zu: %s: got %d, want %d", h, t[i].controller,
					 facts_version(&f, t[i].controller), t[i].want[h]);
		assert_ptr_equal(facts_mount(&f, ""), facts_mount(&f, "unified"));
	}
	arena_free(&a);
}

static void test_text(void **state)
{
	static const char *const lines[] = {
	    "layout       hybrid\n",
	    "systemd      252\n",
	    "user         1000, rootless\n",
	    "mounts       cpu          /sys/fs/cgroup/cpu,cpuacct, shows only /docker/1\n",
	    "             unified      /sys/fs/cgroup/unified\n",
	    "devices      /dev/kvm         c 10:232\n",
	    "             /dev/mshv        not here\n",
	    "cgroups      /: processes 0, children 2, enables: nothing\n",
	    ", domain threaded, enables: nothing, only in: cpu unified\n",
	    "processes    42 a \"b\\x0a, holds a KVM VM\n", /* a newline forges no line */
	};
	struct text out = {0};
	struct arena a = {0};
	struct facts f;

	(void)state;
	must_parse(&f, &a, full);
	facts_text(&f, &out);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (!strstr(out.s, lines[i]))
			fail_msg("row %zu: no %s in\n%s", i, lines[i], out.s);
	text_free(&out);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),   cmocka_unit_test(test_values),
	    cmocka_unit_test(test_round_trip), cmocka_unit_test(test_print),
	    cmocka_unit_test(test_refused),    cmocka_unit_test(test_version),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
