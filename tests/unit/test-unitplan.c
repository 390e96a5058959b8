/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-unitplan - the unit around the limits, and the steps that it makes superfluous
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/unitplan-scene.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* --- the unit --- */

static const struct {
	enum scene_host host;
	uint64_t systemd;
	const char *steps, *want;
} scopes[] = {
    {V2, 257, "memory.max=4096",
     "Description=\"VM of container c1 (vmcg)\" default\n"
     "Slice=\"a.slice\" /linux/cgroupsPath\n"
     "DefaultDependencies=no default\n"
     "Delegate=yes default\n"
     "CollectMode=\"inactive-or-failed\" default\n"
     "TimeoutStopUSec=10000000 default\n"
     "CPUAccounting=yes default\n"
     "MemoryAccounting=yes default\n"
     "TasksAccounting=yes default\n"
     "PIDs=[77] state:/pid\n"
     "MemoryMax=4096 /r\n"
     "TasksMax=infinity default\n"},
    /* what is counted, and where it is known */
    {V2, 258, "pids.max=7\nio.latency=8:0 target=1@/io",
     "Description=\"VM of container c1 (vmcg)\" default\n"
     "Slice=\"a.slice\" /linux/cgroupsPath\n"
     "DefaultDependencies=no default\n"
     "Delegate=yes default\n"
     "CollectMode=\"inactive-or-failed\" default\n"
     "TimeoutStopUSec=10000000 default\n"
     "MemoryAccounting=yes default\n"
     "TasksAccounting=yes default\n"
     "IOAccounting=yes /io\n"
     "PIDs=[77] state:/pid\n"
     "TasksMax=7 /r\n"},
    {V1, 235, "blkio.throttle.read_bps_device=8:0 7@/io",
     "Description=\"VM of container c1 (vmcg)\" default\n"
     "Slice=\"a.slice\" /linux/cgroupsPath\n"
     "DefaultDependencies=no default\n"
     "Delegate=yes default\n"
     "TimeoutStopUSec=10000000 default\n"
     "CPUAccounting=yes default\n"
     "MemoryAccounting=yes default\n"
     "TasksAccounting=yes default\n"
     "BlockIOAccounting=yes /io\n"
     "PIDs=[77] state:/pid\n"
     "TasksMax=infinity default\n"},
    {V2, 226, "io.max=8:0 rbps=7@/io",
     "Description=\"VM of container c1 (vmcg)\" default\n"
     "Slice=\"a.slice\" /linux/cgroupsPath\n"
     "DefaultDependencies=no default\n"
     "Delegate=yes default\n"
     "TimeoutStopUSec=10000000 default\n"
     "CPUAccounting=yes default\n"
     "MemoryAccounting=yes default\n"
     "PIDs=[77] state:/pid\n"},
};

static void test_scope(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++) {
		struct scene s;

		scene_open(&s, scopes[i].host, false, scopes[i].systemd);
		scene_write(&s, scopes[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		assert_string_equal(scene_properties(&s, ""), scopes[i].want);
		scene_close(&s);
	}
}

/* A list's reason is what its entries have in common. */
static void test_reasons(void **state)
{
	static const struct {
		const char *steps, *want;
	} rows[] = {
	    {"io.max=8:0 rbps=2@/r/throttle/0", "/r/throttle/0"},
	    {"io.max=8:0 rbps=2@/r/throttle/0\nio.max=8:16 rbps=2@/r/throttle/1", "/r/throttle"},
	    {"io.max=8:0 rbps=2@/r/throttle/0\nio.max=8:16 rbps=2@/r/throw", "/r"},
	    {"io.max=8:0 rbps=2@/r/a\nio.max=8:16 rbps=2@/r/a/b", "/r/a"},
	    {"io.max=8:0 rbps=2@/r/a\nio.max=8:16 rbps=2@/r/a", "/r/a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		scene_open(&s, V2, false, 0);
		scene_write(&s, rows[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		assert_string_equal(unitprop_find(&s.plan.properties, "IOReadBandwidthMax")->why,
				    rows[i].want);
		scene_close(&s);
	}
}

static void test_no_process(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	s.in.vm = 0;
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), -1);
	assert_int_equal(s.e.kind, ERROR_HOST);
	assert_non_null(strstr(s.e.text, "only around a process"));
	scene_close(&s);
}

/* --- steps around it --- */

/* What compose makes around the limits. */
static void add_surroundings(struct plan *p, const char *const *hierarchies)
{
	plan_add(p, PHASE_CHECK, PLAN_CHECK, "memory", p->path, "memory.current", "1", "/r");
	for (size_t i = 0; hierarchies[i]; i++) {
		plan_add(p, PHASE_CREATE, PLAN_MKDIR, hierarchies[i], "/a.slice", NULL, NULL, "/p");
		plan_add(p, PHASE_CREATE, PLAN_MKDIR, hierarchies[i], p->path, NULL, NULL, "/p");
	}
	plan_add(p, PHASE_CREATE, PLAN_ENABLE, "", "/", "cgroup.subtree_control",
		 "+cpu +hugetlb +cpuset +memory +misc +pids +io", "/r");
	plan_add(p, PHASE_CREATE, PLAN_ENABLE, "", "/a.slice", "cgroup.subtree_control", "+cpu +io",
		 "/r");
	plan_add(p, PHASE_PRETASK, PLAN_INHERIT, "cpuset", p->path, "cpuset.cpus", NULL, "parent");
	for (size_t i = 0; hierarchies[i]; i++)
		plan_add(p, PHASE_PLACE, PLAN_PLACE, hierarchies[i], p->path, "cgroup.procs", "77",
			 "state:/pid");
	plan_add(p, PHASE_PLACE, PLAN_AFFINITY, "cpuset", p->path, NULL, "77", "/r");
	plan_add(p, PHASE_LIMITS, PLAN_WRITE, "memory", p->path, "memory.swap.high", "1", "/r");
	plan_add(p, PHASE_PRETASK, PLAN_WRITE, "cpuset", p->path, "cpuset.cpus", "0", "/r");
	plan_add(p, PHASE_UNIFIED, PLAN_WRITE, "memory", p->path, "memory.max", "4096", "/u");
}

static void test_steps_v2(void **state)
{
	static const char *const all[] = {"", NULL};
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	add_surroundings(&s.plan, all);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_steps(&s), "check memory /a.slice/vm.scope memory.current 1\n"
					     "start - /a.slice/vm.scope vm.scope\n"
					     "enable - / cgroup.subtree_control +hugetlb +misc\n"
					     "inherit cpuset /a.slice/vm.scope cpuset.cpus\n"
					     "affinity cpuset /a.slice/vm.scope 77\n"
					     "write memory /a.slice/vm.scope memory.swap.high 1\n"
					     "verify cpuset /a.slice/vm.scope cpuset.cpus 0\n"
					     "verify memory /a.slice/vm.scope memory.max 4096\n");
	scene_close(&s);
}

/* Before version 244 systemd does not know the cpuset controller, so nothing delegates it. */
static void test_steps_without_cpuset(void **state)
{
	static const char *const none[] = {NULL};
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 243);
	add_surroundings(&s.plan, none);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_non_null(strstr(scene_steps(&s), "subtree_control +hugetlb +cpuset +misc\n"));
	assert_non_null(
	    strstr(scene_steps(&s), "\nwrite cpuset /a.slice/vm.scope cpuset.cpus 0\n"));
	scene_close(&s);
}

static void test_steps_v1(void **state)
{
	static const char *const all[] = {"cpuset",  "cpu",     "memory",       "pids", "blkio",
					  "devices", "freezer", "name=systemd", NULL};
	struct scene s;

	(void)state;
	scene_open(&s, V1, false, 0);
	add_surroundings(&s.plan, all);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_steps(&s),
			    "check memory /a.slice/vm.scope memory.current 1\n"
			    "start name=systemd /a.slice/vm.scope vm.scope\n"
			    "mkdir cpuset /a.slice\n"
			    "mkdir cpuset /a.slice/vm.scope\n"
			    "mkdir freezer /a.slice\n"
			    "mkdir freezer /a.slice/vm.scope\n"
			    "enable - / cgroup.subtree_control +cpu +hugetlb +cpuset +memory +misc "
			    "+pids +io\n"
			    "enable - /a.slice cgroup.subtree_control +cpu +io\n"
			    "inherit cpuset /a.slice/vm.scope cpuset.cpus\n"
			    "write cpuset /a.slice/vm.scope cpuset.cpus 0\n"
			    "place cpuset /a.slice/vm.scope cgroup.procs 77\n"
			    "place freezer /a.slice/vm.scope cgroup.procs 77\n"
			    "affinity cpuset /a.slice/vm.scope 77\n"
			    "write memory /a.slice/vm.scope memory.swap.high 1\n"
			    "write memory /a.slice/vm.scope memory.max 4096\n");
	scene_close(&s);
}

static void test_steps_adopt(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, HYBRID, true, 0);
	s.in.vm = 0; /* init sits there already */
	plan_add(&s.plan, PHASE_CREATE, PLAN_ENABLE, "", "/a.slice", "cgroup.subtree_control",
		 "+hugetlb", "/r");
	scene_write(&s, "memory.limit_in_bytes=4096");
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_steps(&s),
			    "set - /a.slice/vm.scope vm.scope\n"
			    "enable - /a.slice cgroup.subtree_control +hugetlb\n"
			    "write memory /a.slice/vm.scope memory.limit_in_bytes 4096\n");
	assert_string_equal(scene_properties(&s, ""), "MemoryLimit=4096 /r\n");
	scene_close(&s);
}

/* A change of the runtime's unit enables what it is about, and nothing else. */
static void test_enabling_adopt(void **state)
{
	static const struct {
		const char *steps, *want; /* what is left to enable by hand */
	} rows[] = {
	    {"hugetlb.2MB.max=0", "+cpu +hugetlb +cpuset +memory +pids +io"},
	    {"memory.max=4096", "+cpu +hugetlb +cpuset +pids +io"},
	    {"memory.swap.max=0", "+cpu +hugetlb +cpuset +pids +io"},
	    {"cpu.weight=7", "+hugetlb +cpuset +memory +pids +io"},
	    {"cpu.idle=1", "+hugetlb +cpuset +memory +pids +io"},
	    {"cpu.max=25000 50000", "+hugetlb +cpuset +memory +pids +io"},
	    {"cpuset.mems=0", "+cpu +hugetlb +memory +pids +io"},
	    {"pids.max=7", "+cpu +hugetlb +cpuset +memory +io"},
	    {"io.max=8:0 rbps=7", "+cpu +hugetlb +cpuset +memory +pids"},
	    {"io.weight=7\ncpu.weight=7\ncpuset.cpus=0\nmemory.low=7\npids.max=7", "+hugetlb"},
	    /* what a unit has without a word about it enables nothing */
	    {"memory.max=max\nmemory.min=0\nmemory.zswap.writeback=1\ncpu.max=max\npids.max=max",
	     "+cpu +hugetlb +cpuset +memory +pids +io"},
	    {"memory.max=max\nmemory.high=4096", "+cpu +hugetlb +cpuset +pids +io"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		scene_open(&s, V2, true, 0);
		plan_add(&s.plan, PHASE_CREATE, PLAN_ENABLE, "", "/", "cgroup.subtree_control",
			 "+cpu +hugetlb +cpuset +memory +pids +io", "/r");
		plan_add(&s.plan, PHASE_CREATE, PLAN_ENABLE, "", "/a.slice",
			 "cgroup.subtree_control", "+memory", "/r");
		scene_write(&s, rows[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		if (!strstr(scene_steps(&s),
			    arena_printf(&s.arena, "subtree_control %s\n", rows[i].want)) ||
		    !strstr(scene_steps(&s), "/a.slice cgroup.subtree_control +memory\n") !=
			!strstr(rows[i].want, "+memory"))
			fail_msg("%s: %s", rows[i].steps, scene_steps(&s));
		scene_close(&s);
	}
}

/* A process that joins init's group is placed by hand. */
static void test_places_adopt(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, V2, true, 0);
	plan_add(&s.plan, PHASE_PLACE, PLAN_PLACE, "", s.plan.path, "cgroup.procs", "77", "/r");
	scene_write(&s, "memory.max=4096");
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_steps(&s), "set - /a.slice/vm.scope vm.scope\n"
					     "place - /a.slice/vm.scope cgroup.procs 77\n"
					     "write memory /a.slice/vm.scope memory.max 4096\n");
	scene_close(&s);
}

/* Writes to another group than the target are none of the unit's. */
static void test_other_group(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	plan_add(&s.plan, PHASE_LIMITS, PLAN_WRITE, "memory", "/a.slice", "memory.max", "1", "/r");
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_null(unitprop_find(&s.plan.properties, "MemoryMax"));
	assert_string_equal(scene_steps(&s), "start - /a.slice/vm.scope vm.scope\n"
					     "write memory /a.slice memory.max 1\n");
	scene_close(&s);
}

/* --- a unit of ours that runs already --- */

/* What only a new scope is told is not among it. */
static void test_properties_standing(void **state)
{
	static const struct {
		enum scene_host host;
		const char *steps, *want, *warnings;
	} rows[] = {
	    {V2, "memory.max=4096", "MemoryMax=4096 /r\nTasksMax=infinity default\n", ""},
	    {V2, "pids.max=7\nio.max=8:0 rbps=7@/io",
	     "TasksMax=7 /r\nIOReadBandwidthMax=[/dev/block/8:0 7] /io\n", ""},
	    {V1, "memory.limit_in_bytes=4096", "MemoryLimit=4096 /r\nTasksMax=infinity default\n",
	     ""},
	    /* what a unit takes when it starts only */
	    {V2, "memory.oom.group=1", "",
	     "! /r: systemd takes OOMPolicy when a unit starts only: memory.oom.group is written "
	     "by "
	     "hand, and a daemon-reload may reset it\n"},
	    {V2, "memory.oom.group=0", "", ""},
	    /* what has no property, or nothing to say */
	    {V2, "hugetlb.2MB.max=0", "", ""},
	    {V2, "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		scene_open(&s, rows[i].host, false, 0);
		s.target.standing = true;
		s.in.vm = i % 2 ? 77 : 0; /* it is no matter which process */
		scene_write(&s, rows[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		if (strcmp(scene_properties(&s, ""), rows[i].want) != 0 ||
		    strcmp(scene_warnings(&s), rows[i].warnings) != 0)
			fail_msg("%s\n%s%s", rows[i].steps, scene_properties(&s, ""),
				 scene_warnings(&s));
		scene_close(&s);
	}
}

/* The unit is changed instead of started; what it had enabled is still enabled, and groups or
 * places that are planned are somebody's to make. */
static void test_steps_standing_v2(void **state)
{
	static const char *const all[] = {"", NULL};
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	s.target.standing = true;
	add_surroundings(&s.plan, all);
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
	assert_string_equal(scene_steps(&s), "check memory /a.slice/vm.scope memory.current 1\n"
					     "set - /a.slice/vm.scope vm.scope\n"
					     "mkdir - /a.slice\n"
					     "mkdir - /a.slice/vm.scope\n"
					     "enable - / cgroup.subtree_control +hugetlb +misc\n"
					     "inherit cpuset /a.slice/vm.scope cpuset.cpus\n"
					     "place - /a.slice/vm.scope cgroup.procs 77\n"
					     "affinity cpuset /a.slice/vm.scope 77\n"
					     "write memory /a.slice/vm.scope memory.swap.high 1\n"
					     "verify cpuset /a.slice/vm.scope cpuset.cpus 0\n"
					     "verify memory /a.slice/vm.scope memory.max 4096\n");
	assert_null(unitprop_find(&s.plan.properties, "PIDs"));
	assert_non_null(unitprop_find(&s.plan.properties, "AllowedCPUs"));
	scene_close(&s);
}

static void test_steps_standing(void **state)
{
	static const struct {
		enum scene_host host;
		const char *steps, *want;
	} rows[] = {
	    {V2, "", ""},
	    {V2, "memory.oom.group=1", "write memory /a.slice/vm.scope memory.oom.group 1\n"},
	    {V2, "memory.oom.group=1\nmemory.max=4096",
	     "set - /a.slice/vm.scope vm.scope\n"
	     "write memory /a.slice/vm.scope memory.oom.group 1\n"
	     "verify memory /a.slice/vm.scope memory.max 4096\n"},
	    {V1, "memory.limit_in_bytes=4096\nmemory.soft_limit_in_bytes=5",
	     "set name=systemd /a.slice/vm.scope vm.scope\n"
	     "verify memory /a.slice/vm.scope memory.limit_in_bytes 4096\n"
	     "write memory /a.slice/vm.scope memory.soft_limit_in_bytes 5\n"},
	    {HYBRID, "pids.max=7", "write pids /a.slice/vm.scope pids.max 7\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		scene_open(&s, rows[i].host, false, 0);
		s.target.standing = true;
		scene_write(&s, rows[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		if (strcmp(scene_steps(&s), rows[i].want) != 0)
			fail_msg("%s\n%s%s", rows[i].steps, scene_steps(&s),
				 scene_properties(&s, ""));
		scene_close(&s);
	}
}

/* What is left of a scope that has gone: directories that were made by hand. */
static void test_is_standing(void **state)
{
	static const struct {
		enum scene_host host;
		const char *in[3];
		bool want;
	} rows[] = {
	    {V2, {NULL}, true}, /* in all hierarchies */
	    {V2, {"unified"}, true},
	    {V1, {NULL}, true},
	    {V1, {"name=systemd"}, true},
	    {V1, {"cpuset", "freezer"}, false},
	    {V1, {"cpuset", "name=systemd"}, true},
	    {HYBRID, {"cpuset", "freezer"}, false},
	    {HYBRID, {"cpuset", "unified"}, true},
	    {HYBRID, {"memory", "name=systemd"}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *in[3] = {rows[i].in[0], rows[i].in[1], rows[i].in[2]};
		struct facts_cgroup group = {.path = "/a.slice/vm.scope", .in = in};
		struct scene s;

		while (group.n_in < 3 && in[group.n_in])
			group.n_in++;
		scene_open(&s, rows[i].host, false, 0);
		s.facts.cgroups = &group;
		s.facts.n_cgroups = 1;
		if (unitplan_is_standing(&s.facts, "/a.slice/vm.scope") != rows[i].want)
			fail_msg("row %zu", i);
		assert_false(unitplan_is_standing(&s.facts, "/a.slice/other.scope"));
		scene_close(&s);
	}
}

/* Without a limit there systemd takes the scope out of blkio, and so would throw out who was put
 * into it by hand. */
static void test_blkio_standing(void **state)
{
	static const char *const both[] = {"blkio", "freezer", NULL};
	static const struct {
		const char *steps;
		bool joined;
	} rows[] = {
	    {"memory.limit_in_bytes=4096", false},
	    {"blkio.weight=500", true},
	    {"blkio.throttle.read_bps_device=8:0 4096", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;
		const char *got;

		scene_open(&s, V1, false, 0);
		s.target.standing = true;
		add_surroundings(&s.plan, both);
		scene_write(&s, rows[i].steps);
		assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
		got = scene_steps(&s);
		if (!strstr(got, "\nmkdir blkio /a.slice/vm.scope\n") == rows[i].joined ||
		    !strstr(got, "\nplace blkio /a.slice/vm.scope") == rows[i].joined ||
		    !strstr(got, "\nplace freezer /a.slice/vm.scope"))
			fail_msg("%s\n%s", rows[i].steps, got);
		scene_close(&s);
	}
}

/* A period that was another one before goes back to the default, which systemd calls infinity. */
static void test_period(void **state)
{
	static const struct {
		uint64_t systemd;
		const char *steps, *fresh, *standing;
	} rows[] = {
	    {252, "cpu.max=25000 100000", "CPUQuotaPerSecUSec=250000 /r\n",
	     "CPUQuotaPerSecUSec=250000 /r\nCPUQuotaPeriodUSec=infinity /r\n"},
	    {252, "cpu.max=25000 50000",
	     "CPUQuotaPerSecUSec=500000 /r\nCPUQuotaPeriodUSec=50000 /r\n",
	     "CPUQuotaPerSecUSec=500000 /r\nCPUQuotaPeriodUSec=50000 /r\n"},
	    {252, "cpu.max=max 100000", "CPUQuotaPerSecUSec=infinity /r\n",
	     "CPUQuotaPerSecUSec=infinity /r\n"},
	    {241, "cpu.max=25000 100000", "CPUQuotaPerSecUSec=250000 /r\n",
	     "CPUQuotaPerSecUSec=250000 /r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int how = 0; how < 3; how++) { /* started, standing, adopted */
			const char *want = how ? rows[i].standing : rows[i].fresh;
			struct scene s;

			scene_open(&s, V2, how == 2, rows[i].systemd);
			s.target.standing = how == 1;
			scene_write(&s, rows[i].steps);
			assert_int_equal(unitplan(&s.plan, &s.in, &s.e), 0);
			if (strcmp(scene_properties(&s, "CPUQuota"), want) != 0)
				fail_msg("%s, %d\n%s", rows[i].steps, how,
					 scene_properties(&s, ""));
			scene_close(&s);
		}
	}
}

/* Refused as when it was started: nothing would keep the file at it. */
static void test_refused_standing(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, V2, false, 0);
	s.target.standing = true;
	scene_write(&s, "memory.max=0");
	assert_int_equal(unitplan(&s.plan, &s.in, &s.e), -1);
	assert_int_equal(s.e.kind, ERROR_HOST);
	assert_non_null(strstr(s.e.text, "systemd takes no MemoryMax of 0"));
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scope),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_no_process),
	    cmocka_unit_test(test_steps_v2),
	    cmocka_unit_test(test_steps_without_cpuset),
	    cmocka_unit_test(test_steps_v1),
	    cmocka_unit_test(test_steps_adopt),
	    cmocka_unit_test(test_enabling_adopt),
	    cmocka_unit_test(test_places_adopt),
	    cmocka_unit_test(test_other_group),
	    cmocka_unit_test(test_properties_standing),
	    cmocka_unit_test(test_steps_standing_v2),
	    cmocka_unit_test(test_steps_standing),
	    cmocka_unit_test(test_is_standing),
	    cmocka_unit_test(test_blkio_standing),
	    cmocka_unit_test(test_period),
	    cmocka_unit_test(test_refused_standing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
