/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-bpf - the bpf calls on a kernel of our own: old ones, full ones, forbidding ones
 *
 * The fake keeps programs and what is attached to one cgroup, answers as the
 * kernel does, and can be told to fail a command. Descriptors are real
 * (/dev/null), so that a leak or a double close shows.
 */
#include "hook/bpfset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { PROGRAMS = 200, FDS = 256, CGROUP = 5000 };

struct program {
	char name[BPF_OBJ_NAME_LEN];
	uint8_t tag;
	bool gone, hidden;
};

struct fake {
	struct program programs[PROGRAMS]; /* by id; 0 is none */
	uint32_t n_programs;
	uint32_t attached[PROGRAMS];
	size_t n_attached, least; /* least: the smallest number there ever was */
	uint32_t of_fd[FDS];

	bool no_replace;      /* before Linux 5.6 */
	bool memlock;         /* before Linux 5.11, and the limit is low */
	uint32_t first_flags; /* of what is attached; 0 forbids a second one */
	size_t ancestors;     /* programs above */
	bool forbidden_above; /* one of them forbids programs below */
	bool growing;         /* every query finds more than there is room for */
	bool vanishing;       /* what is to be replaced goes away just before */
	bool flapping;        /* the same, and comes back at once */
	int eagain;           /* loads that a signal interrupts */
	int fail, fail_errno; /* command that fails */
	const char *log;      /* what the verifier says */
	size_t log_needs;     /* bytes, or ENOSPC */
	struct rlimit limit;
	int loads, queries, limits;
};

static int refuse(int error)
{
	errno = error;
	return -1;
}

static long fake_fd(struct fake *f, uint32_t id)
{
	int fd;

	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_in_range(fd, 0, FDS - 1);
	f->of_fd[fd] = id;
	return fd;
}

static long fake_load(struct fake *f, const union bpf_attr *attr)
{
	struct program *p;

	f->loads++;
	if (f->eagain && f->eagain--)
		return refuse(EAGAIN);
	if (f->memlock && f->limit.rlim_cur != RLIM_INFINITY)
		return refuse(EPERM);
	if (f->log) {
		if (attr->log_level && attr->log_size < f->log_needs)
			return refuse(ENOSPC);
		if (attr->log_level)
			snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size, "%s", f->log);
		return refuse(EINVAL);
	}
	assert_int_equal(attr->prog_type, BPF_PROG_TYPE_CGROUP_DEVICE);
	p = &f->programs[++f->n_programs];
	assert_in_range(f->n_programs, 1, PROGRAMS - 1);
	memcpy(p->name, attr->prog_name, sizeof(p->name));
	p->tag = (uint8_t)((const struct bpf_insn *)(uintptr_t)attr->insns)->imm;
	return fake_fd(f, f->n_programs);
}

static long fake_query(struct fake *f, union bpf_attr *attr)
{
	uint32_t *ids = (uint32_t *)(uintptr_t)attr->query.prog_ids;
	size_t room = attr->query.prog_cnt, n = f->n_attached;

	f->queries++;
	if (f->growing) {
		attr->query.prog_cnt = (uint32_t)room + 1;
		return refuse(ENOSPC);
	}
	if (attr->query.query_flags & BPF_F_QUERY_EFFECTIVE)
		n += f->ancestors;
	else
		attr->query.attach_flags = n ? f->first_flags : 0;
	attr->query.prog_cnt = (uint32_t)n;
	if (!ids || !room)
		return 0;
	memcpy(ids, f->attached, (room < n ? room : n) * sizeof(*ids));
	return room < n ? refuse(ENOSPC) : 0;
}

static size_t place_of(const struct fake *f, uint32_t id)
{
	size_t i = 0;

	while (i < f->n_attached && f->attached[i] != id)
		i++;
	return i;
}

static long fake_attach(struct fake *f, const union bpf_attr *attr)
{
	uint32_t id = f->of_fd[attr->attach_bpf_fd];
	size_t old;

	if (f->no_replace && attr->attach_flags & BPF_F_REPLACE)
		return refuse(EINVAL);
	if (attr->target_fd != CGROUP)
		return refuse(EBADF);
	if (f->forbidden_above || (f->n_attached && !(f->first_flags & BPF_F_ALLOW_MULTI)))
		return refuse(EPERM);
	if (place_of(f, id) < f->n_attached)
		return refuse(EINVAL);
	if (f->n_attached >= BPF_MAX_ATTACHED)
		return refuse(E2BIG);
	if (attr->attach_flags & BPF_F_REPLACE) {
		old = place_of(f, f->of_fd[attr->replace_bpf_fd]);
		if (f->vanishing && old < f->n_attached)
			f->n_attached--;
		if (old >= f->n_attached || f->flapping)
			return refuse(ENOENT);
		f->attached[old] = id;
		return 0;
	}
	f->first_flags = BPF_F_ALLOW_MULTI;
	f->attached[f->n_attached++] = id;
	return 0;
}

static long fake_detach(struct fake *f, const union bpf_attr *attr)
{
	size_t i = place_of(f, f->of_fd[attr->attach_bpf_fd]);

	if (i == f->n_attached)
		return refuse(ENOENT);
	memmove(&f->attached[i], &f->attached[i + 1],
		(f->n_attached - i - 1) * sizeof(*f->attached));
	f->n_attached--;
	if (f->n_attached < f->least)
		f->least = f->n_attached;
	return 0;
}

static long fake_call(void *user, int command, union bpf_attr *attr, unsigned size)
{
	struct fake *f = user;
	struct program *p;

	assert_int_equal(size, sizeof(*attr));
	if (f->fail_errno && command == f->fail)
		return refuse(f->fail_errno);
	switch (command) {
	case BPF_PROG_LOAD: return fake_load(f, attr);
	case BPF_PROG_QUERY: return fake_query(f, attr);
	case BPF_PROG_ATTACH: return fake_attach(f, attr);
	case BPF_PROG_DETACH: return fake_detach(f, attr);
	case BPF_PROG_GET_FD_BY_ID:
		p = &f->programs[attr->prog_id];
		return p->gone     ? refuse(ENOENT)
		       : p->hidden ? refuse(EPERM)
				   : fake_fd(f, attr->prog_id);
	case BPF_OBJ_GET_INFO_BY_FD: {
		struct bpf_prog_info *info = (void *)(uintptr_t)attr->info.info;
		uint32_t id = f->of_fd[attr->info.bpf_fd];

		memcpy(info->name, f->programs[id].name, sizeof(info->name));
		info->type = BPF_PROG_TYPE_CGROUP_DEVICE;
		info->id = id;
		info->tag[0] = f->programs[id].tag;
		return 0;
	}
	default: return refuse(EINVAL);
	}
}

static int fake_limit(void *user, const struct rlimit *set, struct rlimit *ret)
{
	struct fake *f = user;

	f->limits++;
	if (ret)
		*ret = f->limit;
	if (set)
		f->limit = *set;
	return 0;
}

/* A program that is attached already. */
static uint32_t add_program(struct fake *f, const char *name, uint8_t tag)
{
	struct program *p = &f->programs[++f->n_programs];

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->tag = tag;
	f->attached[f->n_attached++] = f->n_programs;
	f->first_flags = BPF_F_ALLOW_MULTI;
	return f->n_programs;
}

/* --- tests --- */

static int install(struct fake *f, uint8_t tag, uint32_t *id, struct error *e)
{
	const struct bpf_kernel k = {fake_call, fake_limit, f};
	const struct bpf_insn insn = {.imm = tag};
	struct arena a = {0};
	int r;

	f->least = f->n_attached;
	r = bpfset_install(&k, id, CGROUP, &insn, 1, &a, e);
	arena_free(&a);
	return r;
}

/* Whatever was there, afterwards one program of ours is, and all of the others. */
static void one_of_ours(void **state)
{
	static const struct {
		const char *label, *attached; /* o: other, v: ours, V: ours with the same tag */
		bool no_replace;
		const char *want; /* n: the new one */
	} t[] = {
	    {"first", "", false, "n"},
	    {"beside others", "oo", false, "oon"},
	    {"replace", "ovo", false, "ono"},
	    {"replace, old kernel", "ovo", true, "oon"},
	    {"same again", "oVo", false, "oVo"},
	    {"one too many", "vov", false, "no"},
	    {"one too many, old kernel", "vov", true, "on"},
	    {"same and one too many", "Vov", false, "Vo"},
	    {"nothing but the old one", "v", true, "n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct fake f = {.no_replace = t[i].no_replace};
		char got[PROGRAMS] = "";
		uint32_t id = 0;
		bool had;

		for (const char *s = t[i].attached; *s; s++)
			add_program(&f, *s == 'o' ? "sd_devices" : "vmcg_dev", *s == 'V' ? 9 : 1);
		had = strpbrk(t[i].attached, "vV") != NULL;
		assert_int_equal(install(&f, 9, &id, NULL), 0);
		for (size_t j = 0; j < f.n_attached; j++) {
			uint32_t x = f.attached[j];

			got[j] = strcmp(f.programs[x].name, "vmcg_dev") ? 'o'
				 : x == f.n_programs                    ? 'n'
				 : f.programs[x].tag == 9               ? 'V'
									: 'v';
			if (got[j] != 'o')
				assert_int_equal(x, id);
		}
		if (strcmp(got, t[i].want))
			fail_msg("%s: got %s, want %s", t[i].label, got, t[i].want);
		if (had && strchr(t[i].attached, 'o') == NULL)
			assert_int_equal(f.least, 1);
	}
}

/* Each refusal: what is said, and that nothing was taken away. */
static void refusals(void **state)
{
	static const struct {
		const char *label;
		struct fake f;
		size_t others;
		const char *says[2];
	} t[] = {
	    {"no privilege to load",
	     {.fail = BPF_PROG_LOAD, .fail_errno = EPERM},
	     0,
	     {"loading a device program of 1 instructions", "CAP_BPF"}},
	    {"no bpf", {.fail = BPF_PROG_LOAD, .fail_errno = ENOSYS}, 0, {"no bpf(2)", "loading"}},
	    {"too long", {.fail = BPF_PROG_LOAD, .fail_errno = E2BIG}, 0, {"4096", "5.2"}},
	    {"full", {.n_programs = 0}, 64, {"64 already", "detach one"}},
	    {"an ancestor forbids",
	     {.ancestors = 1, .forbidden_above = true},
	     0,
	     {"an ancestor has", "BPF_F_ALLOW_MULTI"}},
	    {"no privilege to attach",
	     {.fail = BPF_PROG_ATTACH, .fail_errno = EPERM},
	     2,
	     {"attaching", "CAP_SYS_ADMIN"}},
	    {"not a cgroup",
	     {.fail = BPF_PROG_ATTACH, .fail_errno = EBADF},
	     0,
	     {"attaching", "cgroup v2"}},
	    {"list never ends", {.growing = true}, 0, {"listing", "No space left"}},
	    {"list refused",
	     {.fail = BPF_PROG_QUERY, .fail_errno = EPERM},
	     0,
	     {"listing", "not permitted"}},
	    {"verifier",
	     {.log = "0: (61) r2 = *(u32 *)(r1 +0)\nR2 is bad\nprocessed 1 insns (limit 1)\n"},
	     0,
	     {"Invalid argument: R2 is bad", "loading"}},
	    {"verifier with much to say",
	     {.log = "unreachable insn 7\n", .log_needs = 1 << 20},
	     0,
	     {": unreachable insn 7", "loading"}},
	    {"verifier with too much to say",
	     {.log = "unreachable insn 7\n", .log_needs = (size_t)1 << 40},
	     0,
	     {"Invalid argument", "loading"}},
	    {"interrupted for ever", {.eagain = 1000}, 0, {"loading", "temporarily"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct fake f = t[i].f;
		struct error e = {0};
		uint32_t id = 77;

		for (size_t j = 0; j < t[i].others; j++)
			add_program(&f, "other", 1);
		if (install(&f, 9, &id, &e) != -1 || e.kind != ERROR_HOST || id != 77)
			fail_msg("%s: not refused", t[i].label);
		for (size_t j = 0; j < 2; j++)
			if (!strstr(e.text, t[i].says[j]))
				fail_msg("%s: \"%s\" lacks \"%s\"", t[i].label, e.text,
					 t[i].says[j]);
		assert_int_equal(f.n_attached, t[i].others);
		assert_in_range(f.queries, 0, 16);
		assert_in_range(f.loads, 0, 100);
	}
}

/* Somebody detaches the old program while we are about to replace it. */
static void races(void **state)
{
	struct fake f = {.vanishing = true};
	struct error e = {0};
	uint32_t id;

	(void)state;
	add_program(&f, "other", 1);
	add_program(&f, "vmcg_dev", 1);
	assert_int_equal(install(&f, 9, &id, &e), 0);
	assert_int_equal(f.n_attached, 2);
	assert_int_equal(f.attached[1], id);
	assert_int_equal(id, f.n_programs);

	f = (struct fake){.flapping = true};
	add_program(&f, "vmcg_dev", 1);
	assert_int_equal(install(&f, 9, &id, &e), -1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_non_null(strstr(e.text, "second vmcg"));
	assert_int_equal(f.n_attached, 1);
	assert_in_range(f.queries, 2, 10);
}

/* A program that was attached alone, without MULTI, is named. */
static void lonely(void **state)
{
	struct fake f = {0};
	struct error e = {0};
	uint32_t id;

	(void)state;
	add_program(&f, "libvirt", 1);
	f.first_flags = 0;
	assert_int_equal(install(&f, 9, &id, &e), -1);
	assert_non_null(strstr(e.text, "already has device program 1"));
	assert_int_equal(f.n_attached, 1);
}

/* More programs than the first buffer holds: asked again, with room enough, once. */
static void growth(void **state)
{
	struct fake f = {0};
	const struct bpf_kernel k = {fake_call, fake_limit, &f};
	struct arena a = {0};
	uint32_t *ids;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 150; i++)
		add_program(&f, "other", 1);
	assert_int_equal(bpf_list(&k, &ids, &n, CGROUP, &a, NULL), 0);
	assert_int_equal(n, 150);
	assert_int_equal(ids[149], 150);
	assert_int_equal(f.queries, 2);
	arena_free(&a);
}

/* Interrupted or short of locked memory: tried again, and the limit is what it was. */
static void persistence(void **state)
{
	struct fake f = {.eagain = 7, .memlock = true, .limit = {65536, 131072}};
	uint32_t id;

	(void)state;
	assert_int_equal(install(&f, 9, &id, NULL), 0);
	assert_int_equal(f.loads, 9);
	assert_int_equal(f.limit.rlim_cur, 65536);
	assert_int_equal(f.limit.rlim_max, 131072);

	f = (struct fake){0};
	assert_int_equal(install(&f, 9, &id, NULL), 0);
	assert_int_equal(f.limits, 0);
}

/* Programs that are gone or hidden are nobody's, and stay. */
static void strangers(void **state)
{
	struct fake f = {0};
	const struct bpf_kernel k = {fake_call, fake_limit, &f};
	struct arena a = {0};
	uint32_t id, hidden, gone;
	int fd = -1;

	(void)state;
	hidden = add_program(&f, "vmcg_dev", 1);
	gone = add_program(&f, "vmcg_dev", 1);
	f.programs[hidden].hidden = true;
	f.programs[gone].gone = true;
	assert_int_equal(bpf_open_id(&k, &fd, hidden, NULL), BPF_E_HIDDEN);
	assert_int_equal(bpf_open_id(&k, &fd, gone, NULL), BPF_E_GONE);
	assert_int_equal(fd, -1);
	assert_false(bpf_is_ours(&k, hidden));
	assert_int_equal(install(&f, 9, &id, NULL), 0);
	assert_int_equal(f.n_attached, 3);
	assert_true(bpf_is_ours(&k, id));
	assert_int_equal(bpfset_remove(&k, CGROUP, &a, NULL), 0);
	assert_int_equal(f.n_attached, 2);
	assert_int_equal(bpfset_remove(&k, CGROUP, &a, NULL), 0);
	arena_free(&a);
}

/* With 0 to 2 free the kernel hands them out; we do not keep them. Nothing stays open. */
static void descriptors(void **state)
{
	struct fake f = {0};
	const struct bpf_kernel k = {fake_call, fake_limit, &f};
	const struct bpf_insn insn = {.imm = 9};
	int fd = -1, saved, free_fd, flags;
	uint32_t id;

	(void)state;
	saved = dup(0);
	assert_true(saved > 2);
	close(0);
	f.of_fd[saved + 1] = 1; /* where the descriptor will be moved to */
	assert_int_equal(bpf_load(&k, &fd, &id, &insn, 1, NULL), 0);
	free_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(saved, 0);
	assert_int_equal(free_fd, 0);
	assert_int_equal(fd, saved + 1);
	assert_int_equal(id, 1);
	flags = fcntl(fd, F_GETFD);
	assert_true(flags & FD_CLOEXEC);
	close(fd);

	assert_int_equal(install(&f, 9, &id, NULL), 0);
	assert_int_equal(install(&f, 8, &id, NULL), 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd, saved + 1);
	close(fd);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_of_ours), cmocka_unit_test(refusals),
	    cmocka_unit_test(races),       cmocka_unit_test(lonely),
	    cmocka_unit_test(growth),      cmocka_unit_test(persistence),
	    cmocka_unit_test(strangers),   cmocka_unit_test(descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
