/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devrules - device rules folded to a normal form, and what it decides
 *
 * Folding, one rule after the other:
 *   reset   a rule for everything (a *:* rwm) sets the default, no exceptions
 *   split   any other rule of type a counts once as b and once as c
 *   add     a rule against the default puts its bits into the entry of its key
 *   remove  a rule that agrees with the default takes its bits out of every
 *           entry inside its range; an entry that reaches beyond the range and
 *           holds such a bit cannot lose it there only: a hole, refused
 * A hole is looked for before anything is changed, so a refused rule leaves the
 * policy as it was.
 *
 * The normal order puts wildcards last, so an entry that covers another always
 * stands behind it.
 */
#include "hook/devrules.h"

#include <stdio.h>
#include <stdlib.h>

/* More exceptions than any device program can hold (devprog.h): folding costs
 * rules times entries, and a list this long is a mistake. */
enum { MAX_ENTRIES = 8192 };

/* Does the range of one number lie inside the other's? */
static bool number_inside(int64_t inner, int64_t outer)
{
	return outer == OCI_ANY || inner == outer;
}

static bool number_overlaps(int64_t x, int64_t y)
{
	return x == OCI_ANY || y == OCI_ANY || x == y;
}

/* Is every device of entry in the range of (type, major, minor)? */
static bool entry_inside(const struct device_entry *entry, char type, int64_t major, int64_t minor)
{
	return entry->type == type && number_inside(entry->major, major) &&
	       number_inside(entry->minor, minor);
}

/* Is there a device that both ranges name? */
static bool entry_overlaps(const struct device_entry *entry, char type, int64_t major,
			   int64_t minor)
{
	return entry->type == type && number_overlaps(entry->major, major) &&
	       number_overlaps(entry->minor, minor);
}

/* Does entry name this device? A number that is OCI_ANY stands for one that no entry names. */
static bool entry_matches(const struct device_entry *entry, char type, int64_t major, int64_t minor)
{
	return entry->type == type && number_inside(major, entry->major) &&
	       number_inside(minor, entry->minor);
}

/* The bits that the entries hold for one device, whatever the default says. */
static unsigned listed(const struct device_policy *p, char type, int64_t major, int64_t minor)
{
	unsigned access = 0;

	for (size_t i = 0; i < p->n; i++)
		if (entry_matches(&p->entries[i], type, major, minor))
			access |= p->entries[i].access;
	return access;
}

/* The bits that are granted for one device. */
static unsigned granted(const struct device_policy *p, char type, int64_t major, int64_t minor)
{
	unsigned access = listed(p, type, major, minor);

	return p->allow ? OCI_RWM & ~access : access;
}

static const char *verdict(bool allow)
{
	return allow ? "allow" : "deny";
}

/* The refusal of a rule that removes a part of entry only: both rules, and the way out. */
static int refuse_hole(const struct device_policy *p, const struct device_entry *entry,
		       const struct oci_device_rule *rule, const char *why, struct error *e)
{
	const struct device_entry hole = {
	    .type = rule->type, .major = rule->major, .minor = rule->minor, .access = rule->access};
	char of_rule[32], of_entry[32];

	return error_set(
	    e, ERROR_INPUT,
	    "%s: device rule \"%s %s\" cuts a hole into \"%s %s\" (%s): cgroup v1 cannot express "
	    "it, "
	    "and one config means the same on every layout; list single devices in place of the "
	    "wildcard, or leave this rule out",
	    why ? why : "device rules", verdict(rule->allow), devrules_format(&hole, of_rule),
	    verdict(!p->allow), devrules_format(entry, of_entry),
	    entry->why ? entry->why : "an earlier rule");
}

/* Would removing the rule's bits cut a hole into an entry? type is 'b' or 'c'. */
static int check_hole(const struct device_policy *p, char type, const struct oci_device_rule *rule,
		      const char *why, struct error *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *entry = &p->entries[i];

		if (entry->access & rule->access &&
		    entry_overlaps(entry, type, rule->major, rule->minor) &&
		    !entry_inside(entry, type, rule->major, rule->minor))
			return refuse_hole(p, entry, rule, why, e);
	}
	return 0;
}

/* Take the rule's bits out of every entry inside its range; empty entries go. */
static void remove_bits(struct device_policy *p, char type, const struct oci_device_rule *rule)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct device_entry entry = p->entries[i];

		if (entry_inside(&entry, type, rule->major, rule->minor))
			entry.access &= ~rule->access;
		if (entry.access)
			p->entries[kept++] = entry;
	}
	p->n = kept;
}

/* Put the rule's bits into the entry of its key. A reason stays with whoever made the entry. */
static int add_bits(struct device_policy *p, char type, const struct oci_device_rule *rule,
		    const char *why, struct arena *a, struct error *e)
{
	struct device_entry *entry;

	for (size_t i = 0; i < p->n; i++) {
		entry = &p->entries[i];
		if (entry->type == type && entry->major == rule->major &&
		    entry->minor == rule->minor) {
			entry->access |= rule->access;
			return 0;
		}
	}
	if (p->n >= MAX_ENTRIES)
		return error_set(e, ERROR_INPUT,
				 "%s: more than %d exceptions in the device rules: no device "
				 "program holds so many; use wildcards",
				 why ? why : "device rules", MAX_ENTRIES);
	entry = ARENA_APPEND(a, p->entries, p->n);
	*entry = (struct device_entry){.type = type,
				       .major = rule->major,
				       .minor = rule->minor,
				       .access = rule->access,
				       .why = why};
	return 0;
}

int devrules_add(struct device_policy *p, const struct oci_device_rule *rule, const char *why,
		 struct arena *a, struct error *e)
{
	const char one[] = {rule->type, '\0'};
	const char *types = rule->type == 'a' ? "bc" : one;
	const char *t;
	int r;

	if (rule->type == 'a' && rule->major == OCI_ANY && rule->minor == OCI_ANY &&
	    rule->access == OCI_RWM) {
		p->allow = rule->allow;
		p->n = 0;
		return 0;
	}
	if (rule->allow != p->allow) {
		for (t = types; *t; t++) {
			r = add_bits(p, *t, rule, why, a, e);
			if (r)
				return r;
		}
		return 0;
	}
	for (t = types; *t; t++) {
		r = check_hole(p, *t, rule, why, e);
		if (r)
			return r;
	}
	for (t = types; *t; t++)
		remove_bits(p, *t, rule);
	return 0;
}

int devrules_add_base(struct device_policy *p, struct arena *a, struct error *e)
{
	static const struct oci_device_rule base[] = {
	    /* mknod of anything: what counts is whether it can be opened */
	    {true, 'c', OCI_ANY, OCI_ANY, OCI_MKNOD},
	    {true, 'b', OCI_ANY, OCI_ANY, OCI_MKNOD},
	    {true, 'c', 1, 3, OCI_RWM},         /* null */
	    {true, 'c', 1, 5, OCI_RWM},         /* zero */
	    {true, 'c', 1, 7, OCI_RWM},         /* full */
	    {true, 'c', 1, 8, OCI_RWM},         /* random */
	    {true, 'c', 1, 9, OCI_RWM},         /* urandom */
	    {true, 'c', 5, 0, OCI_RWM},         /* tty */
	    {true, 'c', 5, 2, OCI_RWM},         /* ptmx */
	    {true, 'c', 136, OCI_ANY, OCI_RWM}, /* pts */
	    {true, 'c', 10, 200, OCI_RWM},      /* net/tun */
	};

	/* Under default allow "c *:* m" would give mknod back to a device that is denied. */
	if (p->allow)
		return 0;
	for (size_t i = 0; i < sizeof(base) / sizeof(*base); i++) {
		int r = devrules_add(p, &base[i], "base list", a, e);

		if (r)
			return r;
	}
	return 0;
}

/* Wildcards last. */
static int compare_numbers(int64_t x, int64_t y)
{
	if (x == y)
		return 0;
	if (x == OCI_ANY)
		return 1;
	if (y == OCI_ANY)
		return -1;
	return x < y ? -1 : 1;
}

static int compare_entries(const void *left, const void *right)
{
	const struct device_entry *x = left, *y = right;
	int r;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	r = compare_numbers(x->major, y->major);
	return r ? r : compare_numbers(x->minor, y->minor);
}

void devrules_normalise(struct device_policy *p)
{
	size_t kept = 0;

	if (p->n)
		qsort(p->entries, p->n, sizeof(*p->entries), compare_entries);
	for (size_t i = 0; i < p->n; i++) {
		struct device_entry entry = p->entries[i];
		unsigned wider = 0;

		for (size_t j = i + 1; j < p->n; j++)
			if (entry_inside(&entry, p->entries[j].type, p->entries[j].major,
					 p->entries[j].minor))
				wider |= p->entries[j].access;
		if (entry.access & ~wider)
			p->entries[kept++] = entry;
	}
	p->n = kept;
}

/* Do both grant the same wherever an entry of a begins? */
static bool equal_at_keys(const struct device_policy *a, const struct device_policy *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct device_entry *k = &a->entries[i];

		if (granted(a, k->type, k->major, k->minor) !=
		    granted(b, k->type, k->major, k->minor))
			return false;
	}
	return true;
}

/*
 * Masks may hold bits that a wider entry grants too, so entries are not compared but what is
 * granted: at each key, and where no entry reaches. That is enough, because a device without an
 * entry of its own gets the union of what its major and its minor get.
 */
bool devrules_equal(const struct device_policy *a, const struct device_policy *b)
{
	return granted(a, 'b', OCI_ANY, OCI_ANY) == granted(b, 'b', OCI_ANY, OCI_ANY) &&
	       granted(a, 'c', OCI_ANY, OCI_ANY) == granted(b, 'c', OCI_ANY, OCI_ANY) &&
	       equal_at_keys(a, b) && equal_at_keys(b, a);
}

bool devrules_decide(const struct device_policy *p, char type, int64_t major, int64_t minor,
		     unsigned access)
{
	return !(access & ~granted(p, type, major, minor));
}

/* A number or "*", into buf. */
static const char *format_number(int64_t number, char *buf, size_t size)
{
	if (number == OCI_ANY)
		return "*";
	snprintf(buf, size, "%lld", (long long)number);
	return buf;
}

const char *devrules_format(const struct device_entry *entry, char *buf)
{
	char major[24], minor[24];

	snprintf(buf, 32, "%c %.12s:%.12s %s", entry->type,
		 format_number(entry->major, major, sizeof(major)),
		 format_number(entry->minor, minor, sizeof(minor)), devrules_access(entry->access));
	return buf;
}

const char *devrules_access(unsigned access)
{
	static const char *const names[] = {
	    [0] = "",
	    [OCI_READ] = "r",
	    [OCI_WRITE] = "w",
	    [OCI_MKNOD] = "m",
	    [OCI_READ | OCI_WRITE] = "rw",
	    [OCI_READ | OCI_MKNOD] = "rm",
	    [OCI_WRITE | OCI_MKNOD] = "wm",
	    [OCI_RWM] = "rwm",
	};

	return names[access & OCI_RWM];
}
