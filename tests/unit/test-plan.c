/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-plan - the list, its order, and its two forms, compared as whole texts
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hook/plan.h"

/* Every kind of step, out of order; a device policy; a warning. */
static void fill(struct plan *p, struct arena *a)
{
	static struct device_entry entries[] = {
	    {'c', 10, 232, OCI_RWM, "hypervisor:/dev/kvm"},
	    {'c', 136, OCI_ANY, OCI_READ | OCI_WRITE, "base:pts"},
	    {'b', OCI_ANY, OCI_ANY, OCI_MKNOD, "base:mknod"},
	};

	*p = (struct plan){.arena = a,
			   .layout = LAYOUT_UNIFIED,
			   .path = "/vmcg/demo",
			   .has_devices = true,
			   .devices = {.entries = entries, .n = 3}};
	plan_add(p, PHASE_UNIFIED, PLAN_WRITE, "memory", "/vmcg/demo", "memory.high", "max",
		 "/linux/resources/unified/memory.high");
	plan_add(p, PHASE_LIMITS, PLAN_WRITE, "memory", "/vmcg/demo", "memory.max", "536870912",
		 "/linux/resources/memory/limit");
	plan_add(p, PHASE_LIMITS, PLAN_WRITE, "cpu", "/vmcg/demo", "cpu.max", "50000 100000",
		 "/linux/resources/cpu/quota");
	plan_add(p, PHASE_PLACE, PLAN_PLACE, "", "/vmcg/demo", "cgroup.procs", "4242",
		 "state:/pid");
	plan_add(p, PHASE_PLACE, PLAN_AFFINITY, "", "/vmcg/demo", NULL, "4242",
		 "/linux/resources/cpu/cpus");
	plan_add(p, PHASE_PRETASK, PLAN_INHERIT, "cpuset", "/vmcg/demo", "cpuset.mems", NULL,
		 "cpuset:parent");
	plan_add(p, PHASE_PRETASK, PLAN_DEVICES, "devices", "/vmcg/demo", NULL, NULL,
		 "/linux/resources/devices");
	plan_add(p, PHASE_CREATE, PLAN_MKDIR, "", "/vmcg/demo", NULL, NULL, "/linux/cgroupsPath");
	plan_add(p, PHASE_CREATE, PLAN_ENABLE, "", "/vmcg", "cgroup.subtree_control",
		 "+cpu +memory", "/linux/resources");
	plan_add(p, PHASE_CHECK, PLAN_CHECK, "memory", "/vmcg/demo",
		 "memory.current memory.swap.current", "1610612736",
		 "/linux/resources/memory/swap");
	plan_warn(p, "hypervisor device %s is not on this host", "/dev/vhost-net");
}

static const char json_want[] =
    "{\n"
    "  \"vmcg\": 1,\n"
    "  \"layout\": \"unified\",\n"
    "  \"manager\": \"cgroupfs\",\n"
    "  \"mode\": \"own\",\n"
    "  \"target\": {\"path\": \"/vmcg/demo\", \"unit\": null, \"slice\": null},\n"
    "  \"steps\": [\n"
    "    {\"op\": \"check\", \"controller\": \"memory\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"memory.current memory.swap.current\", \"value\": \"1610612736\", \"why\": "
    "\"/linux/resources/memory/swap\"},\n"
    "    {\"op\": \"mkdir\", \"controller\": \"\", \"path\": \"/vmcg/demo\", \"why\": "
    "\"/linux/cgroupsPath\"},\n"
    "    {\"op\": \"enable\", \"controller\": \"\", \"path\": \"/vmcg\", \"file\": "
    "\"cgroup.subtree_control\", \"value\": \"+cpu +memory\", \"why\": \"/linux/resources\"},\n"
    "    {\"op\": \"inherit\", \"controller\": \"cpuset\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"cpuset.mems\", \"why\": \"cpuset:parent\"},\n"
    "    {\"op\": \"devices\", \"controller\": \"devices\", \"path\": \"/vmcg/demo\", \"why\": "
    "\"/linux/resources/devices\"},\n"
    "    {\"op\": \"place\", \"controller\": \"\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"cgroup.procs\", \"value\": \"4242\", \"why\": \"state:/pid\"},\n"
    "    {\"op\": \"affinity\", \"controller\": \"\", \"path\": \"/vmcg/demo\", \"value\": "
    "\"4242\", \"why\": \"/linux/resources/cpu/cpus\"},\n"
    "    {\"op\": \"write\", \"controller\": \"memory\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"memory.max\", \"value\": \"536870912\", \"why\": \"/linux/resources/memory/limit\"},\n"
    "    {\"op\": \"write\", \"controller\": \"cpu\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"cpu.max\", \"value\": \"50000 100000\", \"why\": \"/linux/resources/cpu/quota\"},\n"
    "    {\"op\": \"write\", \"controller\": \"memory\", \"path\": \"/vmcg/demo\", \"file\": "
    "\"memory.high\", \"value\": \"max\", \"why\": \"/linux/resources/unified/memory.high\"}\n"
    "  ],\n"
    "  \"unit\": null,\n"
    "  \"devices\": {\n"
    "    \"default\": \"deny\",\n"
    "    \"rules\": [\n"
    "      {\"type\": \"c\", \"major\": 10, \"minor\": 232, \"access\": \"rwm\", \"why\": "
    "\"hypervisor:/dev/kvm\"},\n"
    "      {\"type\": \"c\", \"major\": 136, \"minor\": null, \"access\": \"rw\", \"why\": "
    "\"base:pts\"},\n"
    "      {\"type\": \"b\", \"major\": null, \"minor\": null, \"access\": \"m\", \"why\": "
    "\"base:mknod\"}\n"
    "    ]\n"
    "  },\n"
    "  \"warnings\": [\n"
    "    \"hypervisor device /dev/vhost-net is not on this host\"\n"
    "  ]\n"
    "}\n";

static const char text_want[] =
    "layout   unified\n"
    "manager  cgroupfs\n"
    "mode     own\n"
    "target   /vmcg/demo\n"
    "\n"
    "check     memory   /vmcg/demo  memory.current + memory.swap.current <= 1610612736 (~1.5 GiB)  "
    "# /linux/resources/memory/swap\n"
    "mkdir     -        /vmcg/demo                                         # /linux/cgroupsPath\n"
    "enable    -        /vmcg       cgroup.subtree_control = +cpu +memory  # /linux/resources\n"
    "inherit   cpuset   /vmcg/demo  cpuset.mems from the parent            # cpuset:parent\n"
    "devices   devices  /vmcg/demo  deny all but 3 rules                   # "
    "/linux/resources/devices\n"
    "place     -        /vmcg/demo  cgroup.procs = 4242                    # state:/pid\n"
    "affinity  -        /vmcg/demo  all CPUs of the cpuset for pid 4242    # "
    "/linux/resources/cpu/cpus\n"
    "write     memory   /vmcg/demo  memory.max = 536870912 (512 MiB)       # "
    "/linux/resources/memory/limit\n"
    "write     cpu      /vmcg/demo  cpu.max = 50000 100000 (0.5 CPUs)      # "
    "/linux/resources/cpu/quota\n"
    "write     memory   /vmcg/demo  memory.high = max                      # "
    "/linux/resources/unified/memory.high\n"
    "\n"
    "devices  deny all but 3 rules\n"
    "  c 10:232 rwm        # hypervisor:/dev/kvm\n"
    "  c 136:* rw          # base:pts\n"
    "  b *:* m             # base:mknod\n"
    "\n"
    "warning: hypervisor device /dev/vhost-net is not on this host\n";

/* Shows the first lines that differ. */
static void check_text(const char *got, const char *want)
{
	size_t same = 0;

	while (got[same] && got[same] == want[same])
		same++;
	if (got[same] == want[same])
		return;
	while (same && got[same - 1] != '\n')
		same--;
	print_error("-- want\n%.400s\n-- got\n%.400s\n", want + same, got + same);
	fail();
}

static void test_json(void **state)
{
	struct arena a = {0};
	struct text out = {0};
	struct plan p;

	(void)state;
	fill(&p, &a);
	plan_sort(&p);
	plan_json(&p, &out);
	check_text(out.s, json_want);
	text_free(&out);
	arena_free(&a);
}

static void test_text(void **state)
{
	struct arena a = {0};
	struct text out = {0};
	struct plan p;

	(void)state;
	fill(&p, &a);
	plan_sort(&p);
	plan_text(&p, &out);
	check_text(out.s, text_want);
	text_free(&out);
	arena_free(&a);
}

/* A plan that does nothing, for systemd in adopt mode: the other words of both forms. */
static void test_empty(void **state)
{
	struct arena a = {0};
	struct text json = {0}, text = {0};
	const struct plan p = {.arena = &a,
			       .layout = LAYOUT_HYBRID,
			       .manager = MANAGER_SYSTEMD,
			       .mode = MODE_ADOPT,
			       .path = "/machine.slice/vm-1.scope",
			       .unit = "vm-1.scope",
			       .slice = "machine.slice"};

	(void)state;
	plan_json(&p, &json);
	check_text(json.s, "{\n"
			   "  \"vmcg\": 1,\n"
			   "  \"layout\": \"hybrid\",\n"
			   "  \"manager\": \"systemd\",\n"
			   "  \"mode\": \"adopt\",\n"
			   "  \"target\": {\"path\": \"/machine.slice/vm-1.scope\", \"unit\": "
			   "\"vm-1.scope\", \"slice\": \"machine.slice\"},\n"
			   "  \"steps\": [],\n"
			   "  \"unit\": {\n"
			   "    \"name\": \"vm-1.scope\",\n"
			   "    \"slice\": \"machine.slice\",\n"
			   "    \"properties\": []\n"
			   "  },\n"
			   "  \"devices\": null,\n"
			   "  \"warnings\": []\n"
			   "}\n");
	plan_text(&p, &text);
	check_text(text.s, "layout   hybrid\n"
			   "manager  systemd\n"
			   "mode     adopt\n"
			   "target   /machine.slice/vm-1.scope\n"
			   "unit     vm-1.scope in machine.slice\n");
	text_free(&json);
	text_free(&text);
	arena_free(&a);
}

/* A unit with properties of several types, and the steps that are about units. */
static void test_unit(void **state)
{
	static struct unit_item allow[] = {{.key = "/dev/char/1:3", .text = "rwm"},
					   {.key = "/dev/char/1:5", .text = "rwm"},
					   {.key = "/dev/char/1:7", .text = "r\n"},
					   {.key = "/dev/char/1:8", .text = "rwm"}};
	struct unit_property list[] = {
	    {.name = "Delegate", .type = "b", .number = 1, .why = "default"},
	    {.name = "DeviceAllow", .type = "a(ss)", .why = "d"},
	    {.name = "DeviceAllow", .type = "a(ss)", .items = allow, .n_items = 4, .why = "d"},
	    {.name = "DeviceAllow", .type = "a(ss)", .items = allow, .n_items = 3, .why = "d"},
	    {.name = "MemoryMax", .type = "t", .number = 536870912, .why = "/m"},
	    {.name = "MemoryLow", .type = "t", .number = UNITPROP_INFINITY, .why = "/m"},
	    {.name = "CPUQuotaPerSecUSec", .type = "t", .number = 340000, .why = "/q"},
	    {.name = "TimeoutStopUSec", .type = "t", .number = 10000000, .why = "default"},
	    {.name = "TasksMax", .type = "t", .number = 2048, .why = "/t"},
	};
	struct arena a = {0};
	struct text json = {0}, text = {0};
	struct plan p = {.arena = &a,
			 .layout = LAYOUT_UNIFIED,
			 .manager = MANAGER_SYSTEMD,
			 .path = "/p",
			 .unit = "u.scope",
			 .slice = "s.slice",
			 .properties = {list, sizeof(list) / sizeof(*list)}};

	(void)state;
	plan_add(&p, PHASE_LIMITS, PLAN_VERIFY, "memory", "/p", "memory.max", "536870912", "/m");
	plan_add(&p, PHASE_CREATE, PLAN_SET, "", "/p", NULL, "u.scope", "w");
	plan_add(&p, PHASE_CREATE, PLAN_START, "", "/p", NULL, "u.scope", "w");
	plan_sort(&p);
	plan_text(&p, &text);
	check_text(
	    text.s,
	    "layout   unified\n"
	    "manager  systemd\n"
	    "mode     own\n"
	    "target   /p\n"
	    "unit     u.scope in s.slice\n"
	    "\n"
	    "set       -       /p  u.scope                           # w\n"
	    "start     -       /p  u.scope                           # w\n"
	    "verify    memory  /p  memory.max = 536870912 (512 MiB)  # /m\n"
	    "\n"
	    "properties\n"
	    "  Delegate           = yes                                                 # default\n"
	    "  DeviceAllow        = []                                                  # d\n"
	    "  DeviceAllow        = [/dev/char/1:3 rwm, /dev/char/1:5 rwm, and 2 more]  # d\n"
	    "  DeviceAllow        = [/dev/char/1:3 rwm, /dev/char/1:5 rwm, /dev/char/1:7 r\\x0a]  "
	    "# d\n"
	    "  MemoryMax          = 536870912 (512 MiB)                                 # /m\n"
	    "  MemoryLow          = infinity                                            # /m\n"
	    "  CPUQuotaPerSecUSec = 340000 (34% of a CPU)                               # /q\n"
	    "  TimeoutStopUSec    = 10000000 (10 s)                                     # default\n"
	    "  TasksMax           = 2048                                                # /t\n");
	p.properties.n = 2;
	plan_json(&p, &json);
	check_text(strstr(json.s, "  \"unit\""), "  \"unit\": {\n"
						 "    \"name\": \"u.scope\",\n"
						 "    \"slice\": \"s.slice\",\n"
						 "    \"properties\": [\n"
						 "      {\"name\": \"Delegate\", \"type\": \"b\", "
						 "\"value\": true, \"why\": \"default\"},\n"
						 "      {\"name\": \"DeviceAllow\", \"type\": "
						 "\"a(ss)\", \"value\": [], \"why\": \"d\"}\n"
						 "    ]\n"
						 "  },\n"
						 "  \"devices\": null,\n"
						 "  \"warnings\": []\n"
						 "}\n");
	text_free(&json);
	text_free(&text);
	arena_free(&a);
}

/* Within a phase the order of adding stands, and a sorted plan still grows. */
static void test_sort(void **state)
{
	struct arena a = {0};
	struct plan p = {.arena = &a, .path = "/p"};

	(void)state;
	plan_sort(&p);
	assert_int_equal(p.n_steps, 0);
	for (int i = 0; i < 100; i++)
		plan_add(&p, (enum plan_phase)(PHASE_UNIFIED - i % 6), PLAN_MKDIR, "", "/p", NULL,
			 NULL, arena_printf(&a, "%03d", i));
	plan_sort(&p);
	for (int i = 0; i < 100; i++)
		plan_add(&p, PHASE_UNIFIED, PLAN_MKDIR, "", "/p", NULL, NULL,
			 arena_printf(&a, "%03d", 100 + i));
	assert_int_equal(p.n_steps, 200);
	for (size_t i = 1; i < p.n_steps; i++) {
		const struct plan_step *s = &p.steps[i - 1], *next = &p.steps[i];

		assert_true(s->phase < next->phase ||
			    (s->phase == next->phase && strcmp(s->why, next->why) < 0));
	}
	arena_free(&a);
}

/* One step's line, without the head: hints, and what a hostile value looks like. */
static void test_lines(void **state)
{
	static const struct {
		const char *file, *value, *want;
	} rows[] = {
	    {"memory.max", "max", "memory.max = max"},
	    {"memory.max", "1023", "memory.max = 1023"},
	    {"memory.max", "1024", "memory.max = 1024 (1 KiB)"},
	    {"memory.max", "1536", "memory.max = 1536 (~1.5 KiB)"},
	    {"memory.max", "1073741824", "memory.max = 1073741824 (1 GiB)"},
	    {"memory.max", "1073741823", "memory.max = 1073741823 (~1023.9 MiB)"},
	    {"memory.max", "18446744073709551615", "memory.max = 18446744073709551615 (~15.9 EiB)"},
	    {"memory.max", "18446744073709551616", "memory.max = 18446744073709551616"},
	    {"memory.limit_in_bytes", "-1", "memory.limit_in_bytes = -1"},
	    {"memory.swappiness", "60", "memory.swappiness = 60"},
	    {"hugetlb.2MB.max", "4194304", "hugetlb.2MB.max = 4194304 (4 MiB)"},
	    {"cpu.max", "50000 100000", "cpu.max = 50000 100000 (0.5 CPUs)"},
	    {"cpu.max", "100000 100000", "cpu.max = 100000 100000 (1 CPU)"},
	    {"cpu.max", "150500 100000", "cpu.max = 150500 100000 (1.5 CPUs)"},
	    {"cpu.max", "412345 100000", "cpu.max = 412345 100000 (4.12 CPUs)"},
	    {"cpu.max", "1000 1000000", "cpu.max = 1000 1000000 (0 CPUs)"},
	    {"cpu.max", "205000 100000", "cpu.max = 205000 100000 (2.05 CPUs)"},
	    {"cpu.max", "max 100000", "cpu.max = max 100000"},
	    {"cpu.max", "50000", "cpu.max = 50000"},
	    {"pids.max", "4194304", "pids.max = 4194304"},
	    {"io.max", "8:0 rbps=1048576", "io.max = 8:0 rbps=1048576"},
	    {"a.b", "\033[2Jx\t\177", "a.b = \\x1b[2Jx\\x09\\x7f"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct arena a = {0};
		struct plan p = {.arena = &a, .path = "/p"};
		struct text out = {0}, want = {0};

		plan_add(&p, PHASE_LIMITS, PLAN_WRITE, "c", "/p", rows[i].file, rows[i].value, "w");
		plan_text(&p, &out);
		text_printf(&want, "write     c  /p  %s  # w\n", rows[i].want);
		check_text(strstr(out.s, "\n\n") + 2, want.s);
		text_free(&out);
		text_free(&want);
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_json), cmocka_unit_test(test_text),  cmocka_unit_test(test_empty),
	    cmocka_unit_test(test_sort), cmocka_unit_test(test_lines), cmocka_unit_test(test_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
