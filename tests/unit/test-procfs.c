/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-procfs - the texts of /proc as real hosts show them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hook/procfs.h"
#include "oci/text.h"

#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static void put_names(struct text *out, const char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text_printf(out, "%s%s", i ? "+" : "", names[i]);
}

/* Lines as "NAMES PATH[ gone];" */
static void show_cgroups(struct text *out, const struct procfs_cgroup *c, size_t n)
{
	text_puts(out, "");
	for (size_t i = 0; i < n; i++) {
		put_names(out, c[i].names, c[i].n_names);
		text_printf(out, " %s%s;", c[i].path, c[i].deleted ? " gone" : "");
	}
}

static void test_cgroup(void **state)
{
	static const struct {
		const char *in, *want; /* want NULL: refused */
	} t[] = {
	    {"0::/user.slice/s.scope\n", "unified /user.slice/s.scope;"},
	    {"0::/\n", "unified /;"},
	    {"", ""},
	    {"4:memory:/m\n3:cpuacct,cpu:/c\n1:name=systemd:/s\n0::/u\n",
	     "memory /m;cpuacct+cpu /c;name=systemd /s;unified /u;"},
	    {"0::/a:b c::d\n", "unified /a:b c::d;"},
	    {"3:pids:/a:b\n", "pids /a:b;"},
	    {"0::/vm1 (deleted)\n", "unified /vm1 gone;"},
	    {"0::/ (deleted)/x\n", "unified / (deleted)/x;"},
	    {"5:pids:/vm1 (deleted)\n", "pids /vm1 (deleted);"}, /* v1 marks nothing */
	    {"0::/../../other\n", "unified /../../other;"},
	    {"2:cpu,name=x:/n", "cpu+name=x /n;"},
	    {"nonsense\n", NULL},
	    {"x:cpu:/\n", NULL},
	    {"1:cpu\n", NULL},
	    {"1:cpu:relative\n", NULL},
	    {"0::/a\n\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct procfs_cgroup *c = NULL;
		struct arena a = {0};
		struct error e = {0};
		struct text got = {0};
		size_t n = 0;
		int r;

		r = procfs_parse_cgroup(&c, &n, &a, t[i].in, strlen(t[i].in), "/proc/7/cgroup", &e);
		if (r != (t[i].want ? 0 : -1))
			fail_msg("row %zu: %s: returned %d %s", i, t[i].in, r, e.text);
		show_cgroups(&got, c, n);
		if (t[i].want && strcmp(got.s, t[i].want) != 0)
			fail_msg("row %zu: got %s, want %s", i, got.s, t[i].want);
		if (!t[i].want && !strstr(e.text, "/proc/7/cgroup: line "))
			fail_msg("row %zu: message: %s", i, e.text);
		text_free(&got);
		arena_free(&a);
	}
}

static void test_find_cgroup(void **state)
{
	static const char in[] = "3:cpuset:/set\n2:cpuacct,cpu:/acct\n1:name=systemd:/s\n0::/u\n";
	static const struct {
		const char *name, *want;
	} t[] = {
	    {"cpu", "/acct"},  {"cpuacct", "/acct"}, {"cpuset", "/set"},
	    {"cpus", NULL},    {"acct", NULL},       {"name=systemd", "/s"},
	    {"systemd", NULL}, {"unified", "/u"},    {"", NULL},
	};
	struct procfs_cgroup *c = NULL;
	struct arena a = {0};
	struct error e = {0};
	size_t n = 0;

	(void)state;
	assert_int_equal(procfs_parse_cgroup(&c, &n, &a, in, strlen(in), "x", &e), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct procfs_cgroup *got = procfs_find_cgroup(c, n, t[i].name);

		if (!got != !t[i].want || (got && strcmp(got->path, t[i].want) != 0))
			fail_msg("row %zu: %s: got %s", i, t[i].name, got ? got->path : "NULL");
	}
	arena_free(&a);
}

#define TAIL " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 "

static void test_stat(void **state)
{
	static const struct {
		const char *in, *comm; /* comm NULL: refused */
		int64_t ppid;
		char state;
		uint64_t start;
	} t[] = {
	    {"42 (qemu-kvm) S 7" TAIL "987654 0 0\n", "qemu-kvm", 7, 'S', 987654},
	    {"42 (a b) Z 7" TAIL "1 2\n", "a b", 7, 'Z', 1},
	    {"42 () (x) R 7" TAIL "5 6\n", ") (x", 7, 'R', 5},
	    {"42 (a) S 1 2) S 7" TAIL "5 6\n", "a) S 1 2", 7, 'S', 5},
	    {"42 ()) S 0" TAIL "18446744073709551615", ")", 0, 'S', UINT64_MAX},
	    {"42 (a\nb) S 7" TAIL "5 6\n", "a?b", 7, 'S', 5},
	    /* prctl(PR_SET_NAME) takes any bytes; a record is text */
	    {"42 (a\xff\xfe?) S 7" TAIL "5 6\n", "a???", 7, 'S', 5},
	    {"42 (x) S 7 1 2 3\n", NULL, 0, 0, 0},
	    {"42 (x) S 7" TAIL "18446744073709551616 1\n", NULL, 0, 0, 0},
	    {"42 x S 7" TAIL "5 6\n", NULL, 0, 0, 0},
	    {"42 (x S 7" TAIL "5 6\n", NULL, 0, 0, 0},
	    {"(x) S 7" TAIL "5 6\n", NULL, 0, 0, 0},
	    {"", NULL, 0, 0, 0},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct procfs_stat st = {0};
		struct error e = {0};
		int r;

		r = procfs_parse_stat(&st, &a, t[i].in, strlen(t[i].in), "/proc/42/stat", &e);
		if (r != (t[i].comm ? 0 : -1))
			fail_msg("row %zu: %s: returned %d %s", i, t[i].in, r, e.text);
		if (r < 0)
			continue;
		if (st.pid != 42 || strcmp(st.comm, t[i].comm) != 0 || st.ppid != t[i].ppid ||
		    st.state != t[i].state || st.start != t[i].start)
			fail_msg("row %zu: got %s ppid %d state %c start %llu", i, st.comm,
				 (int)st.ppid, st.state, (unsigned long long)st.start);
	}
	arena_free(&a);
}

static void test_tgid(void **state)
{
	static const struct {
		const char *in;
		int64_t want; /* -1: refused */
	} t[] = {
	    {"Name:\tx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nNgid:\t0\n", 4242},
	    {"Name:\tTgid:\t7\nTgid:\t8\n", 8}, /* a newline in a name is escaped there */
	    {"Name:\tx\n", -1},
	    {"Tgid:\tx\n", -1},
	    {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct error e = {0};
		int64_t got = -1;

		procfs_parse_tgid(&got, t[i].in, strlen(t[i].in), "/proc/42/status", &e);
		if (got != t[i].want)
			fail_msg("row %zu: got %d", i, (int)got);
	}
}

/* Mounts as "POINT[ROOT] NAMES[ noprefix];" with the root only where it is not "/". */
static void show_mounts(struct text *out, const struct procfs_mount *m, size_t n)
{
	text_puts(out, "");
	for (size_t i = 0; i < n; i++) {
		text_puts(out, m[i].point);
		if (strcmp(m[i].root, "/") != 0)
			text_printf(out, "[%s]", m[i].root);
		text_puts(out, m[i].v2 ? " 2:" : " ");
		put_names(out, m[i].names, m[i].n_names);
		text_puts(out, m[i].noprefix ? " noprefix;" : ";");
	}
}

#define ROOTFS "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
#define PROC   "23 22 0:21 / /proc rw,nosuid,nodev,noexec shared:12 - proc proc rw\n"

static const struct {
	const char *what, *in, *want; /* want NULL: refused */
} mountinfo[] = {
    {"unified",
     ROOTFS PROC "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 "
		 "cgroup2 rw,nsdelegate,memory_recursiveprot\n",
     "/sys/fs/cgroup 2:unified;"},
    {"hybrid",
     ROOTFS "30 24 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,size=4096k\n"
	    "31 30 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n"
	    "32 30 0:28 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup "
	    "rw,xattr,name=systemd\n"
	    "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup "
	    "rw,cpu,cpuacct\n"
	    "34 30 0:30 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory\n",
     "/sys/fs/cgroup/unified 2:unified;/sys/fs/cgroup/systemd name=systemd;"
     "/sys/fs/cgroup/cpu,cpuacct cpu+cpuacct;/sys/fs/cgroup/memory memory;"},
    {"old release agent, SELinux",
     "32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
     "rw,seclabel,xattr,release_agent=/usr/lib/a\\054b,name=systemd\n"
     "33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,seclabel,pids,clone_children\n",
     "/sys/fs/cgroup/systemd name=systemd;/sys/fs/cgroup/pids pids;"},
    {"docker in docker: only a part of the hierarchy is shown",
     "710 709 0:28 /docker/0a1b /sys/fs/cgroup/systemd ro master:11 - cgroup cgroup "
     "rw,xattr,name=systemd\n"
     "711 709 0:29 /docker/0a1b /sys/fs/cgroup/memory ro master:15 - cgroup cgroup rw,memory\n",
     "/sys/fs/cgroup/systemd[/docker/0a1b] name=systemd;"
     "/sys/fs/cgroup/memory[/docker/0a1b] memory;"},
    {"from outside of our cgroup namespace", "31 30 0:27 /../.. /mnt rw - cgroup2 none rw\n",
     "/mnt[/../..] 2:unified;"},
    {"blanks, tabs and backslashes in paths",
     "31 30 0:27 /a\\040b /mnt/x\\011y\\134z\\0 rw - cgroup2 none rw\n",
     "/mnt/x\ty\\z\\0[/a b] 2:unified;"},
    {"no, one and many optional fields",
     "1 2 0:3 / /a rw - cgroup c rw,cpu\n1 2 0:3 / /b rw shared:1 - cgroup c rw,pids\n"
     "1 2 0:3 / /c rw shared:1 master:2 propagate_from:3 unbindable - cgroup c rw,rdma\n",
     "/a cpu;/b pids;/c rdma;"},
    {"noprefix", "1 2 0:3 / /dev/cpuset rw - cgroup none rw,cpuset,noprefix,cpuset_v2_mode\n",
     "/dev/cpuset cpuset noprefix;"},
    {"a source with a dash, a type that only starts like ours",
     "1 2 0:3 / /a rw - cgroup - rw,cpu\n1 2 0:3 / /b rw - cgroupfs x rw,memory\n", "/a cpu;"},
    {"nothing mounted", ROOTFS PROC, ""},
    {"no separator", "1 2 0:3 / /a rw cgroup cgroup rw,cpu\n", NULL},
    {"cut short", "1 2 0:3\n", NULL},
};

static void test_mountinfo(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mountinfo); i++) {
		const char *in = mountinfo[i].in, *want = mountinfo[i].want;
		struct procfs_mount *m = NULL;
		struct arena a = {0};
		struct error e = {0};
		struct text got = {0};
		size_t n = 0;
		int r;

		r = procfs_parse_mountinfo(&m, &n, &a, in, strlen(in), "mountinfo", &e);
		if (r != (want ? 0 : -1))
			fail_msg("%s: returned %d %s", mountinfo[i].what, r, e.text);
		show_mounts(&got, m, n);
		if (want && strcmp(got.s, want) != 0)
			fail_msg("%s:\n got %s\nwant %s", mountinfo[i].what, got.s, want);
		text_free(&got);
		arena_free(&a);
	}
}

static void test_uid_map(void **state)
{
	static const struct {
		const char *in;
		bool want;
	} t[] = {
	    {"         0          0 4294967295\n", true},
	    {"0 0 4294967295", true},
	    {"         0       1000          1\n", false},
	    {"         0          0      65536\n", false},
	    {"         0          0 4294967295\n 1 1 1\n", false},
	    {"         0          0 4294967295 1\n", false},
	    {"0 0\n", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (procfs_uid_map_is_initial(t[i].in, strlen(t[i].in)) != t[i].want)
			fail_msg("row %zu: %s", i, t[i].in);
}

static void test_uid_outside(void **state)
{
	static const char podman[] = "         0       1000          1\n"
				     "         1     100000      65536\n";
	static const struct {
		const char *in;
		int64_t uid, want;
	} t[] = {
	    {"0 0 4294967295\n", 1000, 1000},
	    {podman, 0, 1000},
	    {podman, 1, 100000},
	    {podman, 65536, 165535},
	    {podman, 65537, -1},
	    {"0 x 1\n", 0, -1},
	    {"0 1000\n", 0, -1},
	    {"", 0, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (procfs_uid_outside(t[i].in, strlen(t[i].in), t[i].uid) != t[i].want)
			fail_msg("row %zu: %s", i, t[i].in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cgroup),      cmocka_unit_test(test_find_cgroup),
	    cmocka_unit_test(test_stat),        cmocka_unit_test(test_tgid),
	    cmocka_unit_test(test_mountinfo),   cmocka_unit_test(test_uid_map),
	    cmocka_unit_test(test_uid_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
