/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-host-files - which control files the probe finds, and where it looks
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/unit/fakehost.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static const struct {
	const char *what;
	struct entry entries[MAX_ENTRIES];
	const char *controllers[4]; /* empty: all */
	const char *want;
} files[] = {
    {"v1, read in the roots",
     {MACHINE,
      {"/proc/self/cgroup", "3:cpu:/\n2:blkio:/\n1:cpuset:/\n"},
      {CG "/cpu", V1(5)},
      {CG "/cpu/cpu.idle", ""},
      {CG "/blkio", V1(6)},
      {CG "/blkio/blkio.weight", ""},
      {CG "/blkio/blkio.leaf_weight_device", ""},
      {CG "/cpuset", V1(7)},
      {CG "/cpuset/cpus", ""},
      {CG "/cpuset/mems", ""},
      {0}},
     {NULL},
     " cpus mems cpu.idle blkio.weight blkio.leaf_weight_device"},
    {"v1 BFQ shows its weight in children only; the root's statistics stand for it",
     {MACHINE,
      {"/proc/self/cgroup", "2:blkio:/\n"},
      {CG "/blkio", V1(6)},
      {CG "/blkio/blkio.bfq.io_service_bytes", ""},
      {0}},
     {NULL},
     " blkio.bfq.weight blkio.bfq.weight_device"},
    {"v1 BFQ: the own group knows better than the sign",
     {MACHINE,
      {"/proc/self/cgroup", "2:blkio:/me\n"},
      {CG "/blkio", V1(6)},
      {CG "/blkio/blkio.bfq.io_service_bytes", ""},
      {CG "/blkio/me/blkio.bfq.weight", ""},
      {0}},
     {NULL},
     " blkio.bfq.weight"},
    {"v2: a group on the way to the target has the controller",
     {MACHINE,
      {"/proc/self/cgroup", "0::/me\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpu memory\n"},
      {CG "/vm/cgroup.controllers", "cpu\n"},
      {CG "/vm/cpu.idle", ""},
      {CG "/vm/memory.swap.max", ""}, /* not enabled here: says nothing */
      {CG "/me/cgroup.controllers", "cpu\n"},
      {CG "/me/cpu.max.burst", ""},
      {0}},
     {NULL},
     " cpu.idle"},
    {"v2: a group above our own has it; its word is worth more than a sign",
     {MACHINE,
      {"/proc/self/cgroup", "0::/me/deep\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpu memory\n"},
      {CG "/me/cgroup.controllers", "cpu memory\n"},
      {CG "/me/cpu.max.burst", ""},
      {CG "/me/deep/cgroup.controllers", "\n"},
      {CG "/me/deep/cpu.idle", ""},
      {"/proc/swaps", ""},
      {0}},
     {NULL},
     " cpu.max.burst"},
    {"v2: we are in the root, some other group has it",
     {MACHINE,
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpu io cpuset\n"},
      {CG "/other/cgroup.controllers", "cpuset io\n"},
      {CG "/other/io.weight", ""},
      {CG "/io.cost.qos", ""},
      {"/sys/module/bfq/", NULL},
      {0}},
     {"io"},
     " io.weight"},
    {"v2, nothing enabled: signs and the release; 6.1 has all that only needs a release",
     {MACHINE,
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpu io memory hugetlb\n"},
      {CG "/io.cost.qos", ""},
      {"/proc/swaps", ""},
      {"/sys/kernel/mm/hugepages/hugepages-64kB/", NULL},
      {0}},
     {NULL},
     " cpu.idle cpu.max.burst memory.swap.max io.weight hugetlb.64KB.max hugetlb.64KB.rsvd.max"},
    {"v2, nothing enabled, an old kernel",
     {{"/proc/sys/kernel/osrelease", "5.14.2\n"},
      {"/proc/self/cgroup", "0::/\n"},
      {CG, V2(5)},
      {CG "/cgroup.controllers", "cpu memory\n"},
      {0}},
     {NULL},
     " cpu.max.burst"},
    {"only what was asked for; io and blkio are one",
     {MACHINE,
      {"/proc/self/cgroup", "2:cpu:/\n1:blkio:/\n"},
      {CG "/cpu", V1(5)},
      {CG "/cpu/cpu.idle", ""},
      {CG "/blkio", V1(6)},
      {CG "/blkio/blkio.weight", ""},
      {0}},
     {"io"},
     " blkio.weight"},
    {"huge pages on v1, spelled as the kernel does",
     {MACHINE,
      {"/proc/self/cgroup", "2:hugetlb:/\n"},
      {CG "/hugetlb", V1(5)},
      {CG "/hugetlb/hugetlb.1GB.limit_in_bytes", ""},
      {CG "/hugetlb/hugetlb.1GB.rsvd.limit_in_bytes", ""},
      {"/sys/kernel/mm/hugepages/hugepages-1048576kB/", NULL},
      {"/sys/kernel/mm/hugepages/hugepages-2048kB/", NULL},
      {0}},
     {"hugetlb"},
     " hugetlb.1GB.limit_in_bytes hugetlb.1GB.rsvd.limit_in_bytes"},
    {"the root of a cgroup namespace is a group like others",
     {{"/proc/sys/kernel/osrelease", "4.0\n"},
      {"/proc/self/ns/cgroup", "@cgroup:[4026532999]"},
      {"/proc/self/mountinfo", "1 2 0:3 / /sys/fs/cgroup rw - cgroup2 c rw\n"},
      {"/proc/self/cgroup", "0::/\n"},
      {CG, "#63677270 5 77"},
      {CG "/cgroup.controllers", "cpu\n"},
      {CG "/cgroup.type", "domain\n"},
      {CG "/cpu.idle", ""},
      {0}},
     {NULL},
     " cpu.idle"},
};

static void test_files(void **state)
{
	static const char *const target[] = {"/vm/1"};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct host_wishes w = {.look = fakehost_look, .cgroups = target, .n_cgroups = 1};
		struct text out = {0};
		struct error e = {0};
		struct facts f;
		struct fake k;

		fakehost_make(&k, files[i].entries);
		w.prefix = k.top;
		w.controllers = files[i].controllers;
		while (w.n_controllers < 4 && files[i].controllers[w.n_controllers])
			w.n_controllers++;
		w.all_files = w.n_controllers == 0;
		if (host_probe(&f, &k.arena, &w, &e) != 0)
			fail_msg("%s: %s", files[i].what, e.text);
		text_puts(&out, "");
		for (size_t j = 0; j < f.n_files; j++)
			text_printf(&out, " %s", f.files[j]);
		if (strcmp(out.s, files[i].want) != 0)
			fail_msg("%s:\n got %s\nwant %s", files[i].what, out.s, files[i].want);
		text_free(&out);
		fakehost_drop(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
