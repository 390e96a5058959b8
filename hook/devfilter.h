/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter - the device filter of one group, v1 list or v2 program, brought to a policy
 *
 * own:   the filter becomes exactly the policy.
 * adopt: a filter that others made is extended: a v1 list gets what it lacks, a v2
 *        program is replaced atomically by one that means the whole policy. Where
 *        there is no filter none is added.
 * A running VM never sees a moment without what both the old and the new filter allow.
 */
#ifndef VMCG_HOOK_DEVFILTER_H
#define VMCG_HOOK_DEVFILTER_H

#include "hook/cgroupfs.h"
#include "hook/devrules.h"
#include "hook/drift.h"

/* Conditions */
enum {
	DEVFILTER_E_GONE = 1, /* the group is not there */
};

/* A program of another that ours took the place of, kept alive until the end of setup. */
struct devfilter {
	const char *path;
	int fd;
};

/* What the filter is now, as text for the record: v1 devices.list, v2 the number of programs
 * and their ids, "2 45s 46": s, one of systemd's own. */
int devfilter_look(const char **ret, struct cgroupfs *fs, int version, const char *path,
		   struct error *e);

/*
 * own. was: what vmcg brought this filter to before; NULL: not known. A v1 list whose default is
 * allow does not tell its exceptions; with those of was only the difference is written, without a
 * moment in which everything is open, and also where child groups exist. ERROR_FAILED.
 */
int devfilter_set(struct cgroupfs *fs, int version, const char *path,
		  const struct device_policy *policy, const struct device_policy *was,
		  struct error *e);

/* What others' filter is extended by. */
struct devfilter_extension {
	const struct device_policy *policy;
	const struct device_policy *denied; /* what is taken out of it */
	/* A change: what it was extended by before, and what was taken out; NULL: a setup. */
	const struct device_policy *former, *former_denied;
	const char *old;   /* what devfilter_look saw before the first setup */
	bool told_systemd; /* it makes its own program again from the unit: leave that one alone */
	/* With told_systemd: the programs of the group before. One that is not among them was made
	 * by systemd just now, should it bear no name. NULL: not looked at. */
	const uint32_t *programs;
	size_t n_programs;
	bool unit_has_all; /* the unit allowed all of it already, and so does its maker's program */
};

/* The device programs of a v2 group; none where it has or can have none. */
void devfilter_programs(const uint32_t **ret, size_t *ret_n, struct cgroupfs *fs, const char *path);

/*
 * adopt. A v1 list gets what it lacks, a v2 program that denies makes place for one of the whole
 * policy. Where nothing is filtered, or systemd alone filters, only what is denied is taken out: by
 * denials of an open list, by a program of ours beside. A change takes out what former allowed,
 * too. *ret_replaced: the foreign program that was replaced (fd -1: none); the caller closes it.
 * ERROR_FAILED.
 */
int devfilter_extend(struct devfilter *ret_replaced, struct cgroupfs *fs, int version,
		     const char *path, const struct devfilter_extension *x, struct error *e);

/* Take our own program off a group that is about to be removed: a socket that was opened inside
 * keeps the group, and what is attached to it, alive for as long as it is open. */
void devfilter_drop(struct cgroupfs *fs, const char *path);

/* What is known about the filter before setup, for its way back. */
struct devfilter_past {
	const char *old;   /* what devfilter_look saw */
	bool adopted;      /* others' filter was extended, not ours made */
	const char *first; /* the same before the first setup */
	bool partial;      /* a change of it goes back, not the setup: before is what it was then */
	const struct device_policy *policy; /* what it was extended by */
	const struct device_policy *denied; /* what was taken out of it */
	const struct device_policy *former; /* a change that was killed may not have got there */
	const struct device_policy *before; /* what the config alone asked for */
	const struct device_policy *before_denied;
	const struct devfilter *replaced; /* the program that ours took the place of; or NULL */
};

/*
 * Take back what setup changed, and only that. On v2 the replaced program is put back as it was;
 * where it is not held any more, one that is made from before takes its place. What was denied
 * beside filters of others, or where there are none, is ours alone and goes.
 */
int devfilter_restore(struct cgroupfs *fs, int version, const char *path,
		      const struct devfilter_past *past, struct error *e);

/* What a filter is to be compared with. */
struct devfilter_wish {
	const struct device_policy *policy; /* what it was brought to */
	const struct device_policy *denied; /* adopt: what was taken out of it */
	bool adopted;                       /* others' filter was extended, not ours made */
	bool told_systemd;                  /* its own program is no stranger's */
	const char *old;                    /* what devfilter_look saw before setup; or NULL */
	const char *why;                    /* the step's reason */
};

/*
 * Compare a filter with what it was brought to, and change nothing. Rows are added to d:
 *   "devices"  v1: one for each device whose access differs, where is the list; of a default of
 *              allow only the default can be seen. v2: our program is not there, or is another;
 *              where is the group, and the programs are told by their tags
 *   "program"  v2: more than one of ours, or programs of others that were not there before
 * No row: as it was set; adopt, v2: also where systemd's program alone decides, which means what
 * its unit says. DEVFILTER_E_GONE; ERROR_FAILED, ERROR_HOST: it cannot be looked at.
 */
int devfilter_check(struct drift *d, struct cgroupfs *fs, int version, const char *path,
		    const struct devfilter_wish *w, struct error *e);

#endif
