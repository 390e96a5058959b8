/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter_check - the device filter of one group, compared with what it was brought to
 *
 * A program cannot be asked what it allows, but two of the same instructions have the
 * same tag. So the program that the policy means is loaded, its tag is read, and it is
 * closed again without having been attached to anything.
 *
 * In adopt mode what is expected depends on what was there: none of ours where there
 * was no program, or systemd's alone; else ours in the place of the foreign one.
 */
#include <stdlib.h>
#include <string.h>

#include "hook/bpf.h"
#include "hook/devdrift.h"
#include "hook/devfilter_work.h"
#include "hook/devprog.h"

/* --- v1 --- */

static bool is_open(const char *list, struct arena *a)
{
	struct devlist_state was = {0};

	return list && devlist_parse(&was, list, "record", a, NULL) == 0 && was.allow;
}

static int check_list(struct drift *d, struct cgroupfs *fs, const char *path,
		      const struct devfilter_wish *w, struct error *e)
{
	const char *where = cgroupfs_path(fs, "devices", path, DEVFILTER_LIST);
	struct devlist_state live = {0};

	if (devfilter_list_read(&live, fs, path, e) < 0)
		return -1;
	if (!w->adopted)
		devdrift_exact(d, &live, w->policy, where, w->why);
	else if (live.allow && w->denied->n && w->old && !is_open(w->old, fs->arena))
		drift_add(d, DRIFT_DEVICES, where, "default deny", "default allow", w->why);
	else
		devdrift_extended(d, &live, w->policy, w->denied, where);
	return 0;
}

/* --- v2 --- */

/* The programs of a group, told apart. */
struct programs {
	size_t n, n_ours, n_systemds, n_foreign;
	bool placed;     /* one that was there before is not any more */
	bool same;       /* one of ours is the wanted one */
	const char *tag; /* of the first of ours; or NULL */
};

static const char *tag_text(const unsigned char *tag, struct arena *a)
{
	const char *text = BPF_OUR_NAME " ";

	for (size_t i = 0; i < BPF_TAG_SIZE; i++)
		text = arena_printf(a, "%s%02x", text, tag[i]);
	return text;
}

/* The tag of the program that the policy means, as text; *ret NULL: it needs none, unless it is in
 * the place of another (open_too). */
static int wanted_tag(const char **ret, const struct device_policy *policy, bool open_too,
		      struct arena *a, struct error *e)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;
	struct bpf_insn *insns;
	uint32_t id;
	size_t n;
	int r;

	*ret = NULL;
	r = devprog_build(&insns, &n, policy, a, e);
	if (r < 0 || (r && !open_too))
		return r < 0 ? -1 : 0;
	if (r)
		devprog_build_open(&insns, &n, a);
	if (bpf_load(NULL, &fd, &id, insns, n, e) < 0 || bpf_info(NULL, &info, fd, e) < 0)
		return -1;
	*ret = tag_text(info.tag, a);
	return 0;
}

/* systemd before 250 gave its program no name. */
static bool is_nameless(uint32_t id)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;

	return bpf_open_id(NULL, &fd, id, NULL) == 0 && bpf_info(NULL, &info, fd, NULL) == 0 &&
	       !info.name[0];
}

static void look_at(struct programs *p, uint32_t id, const char *wanted, struct arena *a)
{
	BPF_CLOSED_AT_END int fd = -1;
	struct bpf_prog_info info;
	const char *tag;

	p->n++;
	if (bpf_open_ours(NULL, &fd, &info, id, NULL) != 0) {
		p->n_foreign++;
		return;
	}
	tag = tag_text(info.tag, a);
	p->n_ours++;
	p->same |= wanted && strcmp(tag, wanted) == 0;
	if (!p->tag)
		p->tag = tag;
}

static int look(struct programs *ret, int cgroup_fd, const char *wanted,
		const struct devfilter_wish *w, struct arena *a, struct error *e)
{
	size_t n, n_nameless = 0;
	uint32_t *ids;

	*ret = (struct programs){0};
	if (bpf_list(NULL, &ids, &n, cgroup_fd, a, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		look_at(ret, ids[i], wanted, a);
		ret->n_systemds += w->told_systemd && bpf_is_systemds(NULL, ids[i]);
		n_nameless += w->told_systemd && is_nameless(ids[i]);
	}
	ret->placed = devfilter_program_took_place(w->old, ids, n);
	if (!ret->n_systemds && n_nameless == 1)
		ret->n_systemds = 1;
	ret->n_foreign -= ret->n_systemds;
	return 0;
}

static const char *count_foreign(size_t n, struct arena *a)
{
	if (!n)
		return NULL;
	return arena_printf(a, "%zu foreign device program%s", n, n == 1 ? "" : "s");
}

/* Our own program, which is to be there or, wanted being NULL, is not. */
static void check_ours(struct drift *d, const struct programs *p, const char *wanted,
		       const char *where, const char *why)
{
	if (wanted ? !p->same : p->n_ours)
		drift_add(d, DRIFT_DEVICES, where, wanted, p->tag, why);
	if (p->n_ours > 1)
		drift_add(d, DRIFT_PROGRAM, where, "1 device program of vmcg",
			  arena_printf(d->arena, "%zu device programs of vmcg", p->n_ours), why);
}

/* Adopt, with none of ours there: should one have taken the place of another? */
static bool is_due(const struct programs *p, size_t n_before, const struct devfilter_wish *w)
{
	if (n_before == 0 || (w->policy->allow && !w->policy->n))
		return false;
	/* What cannot be told apart was left as it was, for the unit allowed all of it. */
	if (w->told_systemd && p->n_foreign > 1)
		return p->n < n_before;
	/* systemd's own was left alone, where it was the only one. */
	return !w->told_systemd || p->n < n_before || (p->n_foreign && p->n == n_before);
}

/* The tag of the program that should be ours here; NULL: none. Beside filters of others, or where
 * there are none, ours has the denials alone. */
static int expect(const char **ret, const struct programs *p, size_t n_before,
		  const struct devfilter_wish *w, struct arena *a, struct error *e)
{
	bool placed = p->n_ours ? p->placed : is_due(p, n_before, w);

	if (!w->adopted || placed)
		return wanted_tag(ret, w->policy, w->adopted, a, e);
	*ret = NULL;
	return w->denied->n ? wanted_tag(ret, w->denied, false, a, e) : 0;
}

/* How many programs of others are as they were: those from before, without systemd's and the one
 * that ours took the place of. */
static size_t count_staying(const struct programs *p, size_t n_before, bool placed)
{
	size_t gone = p->n_systemds + (placed && p->n_ours);

	return n_before > gone ? n_before - gone : 0;
}

static int check_program(struct drift *d, struct cgroupfs *fs, int cgroup_fd, const char *path,
			 const struct devfilter_wish *w, struct error *e)
{
	const char *where = cgroupfs_path(fs, "", path, NULL), *wanted;
	size_t n_before = w->old ? strtoul(w->old, NULL, 10) : 0, n_stay;
	struct programs p;

	if (look(&p, cgroup_fd, NULL, w, fs->arena, e) < 0 ||
	    expect(&wanted, &p, n_before, w, fs->arena, e) < 0 ||
	    look(&p, cgroup_fd, wanted, w, fs->arena, e) < 0)
		return -1;
	check_ours(d, &p, wanted, where, w->why);
	n_stay = count_staying(&p, n_before, w->adopted && p.placed);
	if (p.n_foreign > n_stay)
		drift_add(d, DRIFT_PROGRAM, where, count_foreign(n_stay, fs->arena),
			  count_foreign(p.n_foreign, fs->arena), w->why);
	return 0;
}

int devfilter_check(struct drift *d, struct cgroupfs *fs, int version, const char *path,
		    const struct devfilter_wish *w, struct error *e)
{
	bool list = devfilter_is_list(fs, version);
	int fd, r;

	r = cgroupfs_dir(&fd, fs, list ? "devices" : "", path, e);
	if (r)
		return r < 0 ? -1 : DEVFILTER_E_GONE;
	return list ? check_list(d, fs, path, w, e) : check_program(d, fs, fd, path, w, e);
}
