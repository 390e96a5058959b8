/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devlist - the v1 device list: read it, bring it to a policy, compare it
 *
 * How it works. The kernel keeps entries by exact key: allow adds bits to the
 * entry of that key, deny takes bits from the entry of that key and from no
 * other. So the difference of two lists is a difference by key.
 *
 * Under default deny the kernel wants one entry that holds all bits of a
 * request; bits of two entries do not add up. A policy is therefore closed
 * first: where two entries overlap, and only together hold read and write, the
 * devices they share get an entry with both. Mknod is never asked together with
 * others and is left alone, because a child group may not receive bits that
 * its parent holds only spread over two entries.
 */
#include "hook/devlist.h"

#include <string.h>

static const char allow_file[] = "devices.allow", deny_file[] = "devices.deny";

struct writes {
	struct devlist_write *items;
	size_t n;
};

static void add_write(struct writes *w, const char *file, const char *text, struct arena *a)
{
	*ARENA_APPEND(a, w->items, w->n) = (struct devlist_write){file, text};
}

/* The entry of exactly this key, or NULL. */
static struct device_entry *find_key(struct device_entry *entries, size_t n,
				     const struct device_entry *key)
{
	for (size_t i = 0; i < n; i++)
		if (entries[i].type == key->type && entries[i].major == key->major &&
		    entries[i].minor == key->minor)
			return &entries[i];
	return NULL;
}

/* --- reading --- */

/* A number or "*", and the character behind it; false when it is something else. */
static bool read_number(const char **s, int64_t *ret, char behind)
{
	const char *p = *s;
	int64_t n = 0;

	if (*p == '*') {
		n = OCI_ANY;
		p++;
	} else {
		if (*p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++) {
			n = n * 10 + (*p - '0');
			if (n > UINT32_MAX)
				return false;
		}
	}
	if (*p != behind)
		return false;
	*s = p + 1;
	*ret = n;
	return true;
}

/* The letters of an access, to the end of the line. */
static bool read_access(const char *s, const char *end, unsigned *ret)
{
	unsigned access = 0;

	for (; s < end; s++) {
		switch (*s) {
		case 'r': access |= OCI_READ; break;
		case 'w': access |= OCI_WRITE; break;
		case 'm': access |= OCI_MKNOD; break;
		default: return false;
		}
	}
	*ret = access;
	return access != 0;
}

/* One line, "c 10:232 rwm". Type 'a' stands alone and means default allow. */
static bool read_line(struct device_entry *ret, const char *s, const char *end)
{
	struct device_entry entry = {.why = "devices.list"};

	if (!strchr("abc", *s) || s[1] != ' ')
		return false;
	entry.type = *s;
	s += 2;
	if (!read_number(&s, &entry.major, ':') || !read_number(&s, &entry.minor, ' ') ||
	    !read_access(s, end, &entry.access))
		return false;
	*ret = entry;
	return true;
}

int devlist_parse(struct devlist_state *ret, const char *text, const char *path, struct arena *a,
		  struct error *e)
{
	struct devlist_state state = {.exceptions_known = true};
	unsigned line = 0;

	for (const char *s = text, *end; *s; s = *end ? end + 1 : end) {
		struct device_entry entry, *same;

		line++;
		end = strchrnul(s, '\n');
		if (end == s)
			continue;
		if (!read_line(&entry, s, end))
			return error_set(e, ERROR_HOST,
					 "%s: line %u: \"%.*s\" is not a device entry like "
					 "\"c 10:232 rwm\": not a list that the kernel wrote",
					 path, line, (int)(end - s > 64 ? 64 : end - s), s);
		if (entry.type == 'a') {
			state.allow = true;
			state.exceptions_known = false;
			continue;
		}
		same = find_key(state.entries, state.n, &entry);
		if (same)
			same->access |= entry.access;
		else
			*ARENA_APPEND(a, state.entries, state.n) = entry;
	}
	*ret = state;
	return 0;
}

/* --- closing --- */

/* The devices that two entries share; false when there are none. */
static bool meet(const struct device_entry *x, const struct device_entry *y,
		 struct device_entry *ret)
{
	if (x->type != y->type ||
	    (x->major != OCI_ANY && y->major != OCI_ANY && x->major != y->major) ||
	    (x->minor != OCI_ANY && y->minor != OCI_ANY && x->minor != y->minor))
		return false;
	*ret = *x;
	ret->major = x->major == OCI_ANY ? y->major : x->major;
	ret->minor = x->minor == OCI_ANY ? y->minor : x->minor;
	return true;
}

/* Does one entry hold read and write for all devices of key? */
static bool has_both(const struct device_policy *p, const struct device_entry *key)
{
	const unsigned both = OCI_READ | OCI_WRITE;

	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *x = &p->entries[i];

		if (x->type == key->type && (x->access & both) == both &&
		    (x->major == OCI_ANY || x->major == key->major) &&
		    (x->minor == OCI_ANY || x->minor == key->minor))
			return true;
	}
	return false;
}

/* The next place where read and write come from two entries only, from pair (*i, *j) on. */
static bool next_split(const struct device_policy *p, size_t *i, size_t *j,
		       struct device_entry *ret)
{
	const unsigned both = OCI_READ | OCI_WRITE;

	for (; *i < p->n; ++*i, *j = 0) {
		for (; *j < *i; ++*j) {
			unsigned x = p->entries[*i].access & both, y = p->entries[*j].access & both;

			if (x != both && y != both && (x | y) == both &&
			    meet(&p->entries[*i], &p->entries[*j], ret) && !has_both(p, ret))
				return true;
		}
	}
	return false;
}

struct device_policy devlist_close(const struct device_policy *p, struct arena *a)
{
	struct device_policy closed = {.allow = p->allow};
	struct device_entry split, *same;
	size_t i = 0, j = 0;

	for (size_t k = 0; k < p->n; k++)
		*ARENA_APPEND(a, closed.entries, closed.n) = p->entries[k];
	while (!closed.allow && next_split(&closed, &i, &j, &split)) {
		split.access = OCI_READ | OCI_WRITE;
		same = find_key(closed.entries, closed.n, &split);
		if (same)
			same->access |= split.access;
		else
			*ARENA_APPEND(a, closed.entries, closed.n) = split;
	}
	return closed;
}

/* --- comparing --- */

bool devlist_matches(const struct devlist_state *state, const struct device_policy *policy,
		     struct arena *a)
{
	struct device_policy listed = {.allow = state->allow};
	struct device_entry split;
	size_t i = 0, j = 0;

	/* Exceptions under default allow cannot be read back, so they never stand for a denial
	 * of everything, even if they are known to amount to one. */
	if (state->allow && !policy->allow)
		return false;
	if (!state->exceptions_known)
		return policy->allow;
	for (size_t k = 0; k < state->n; k++)
		*ARENA_APPEND(a, listed.entries, listed.n) = state->entries[k];
	if (!listed.allow && next_split(&listed, &i, &j, &split))
		return false;
	devrules_normalise(&listed);
	return devrules_equal(&listed, policy);
}

/* --- changing --- */

/* One write for each key of x: the bits that y does not hold there. */
static void add_missing(struct writes *w, const char *file, const struct device_policy *x,
			const struct device_policy *y, struct arena *a)
{
	char buf[32];

	for (size_t i = 0; i < x->n; i++) {
		struct device_entry entry = x->entries[i];
		const struct device_entry *same = find_key(y->entries, y->n, &entry);

		if (same)
			entry.access &= ~same->access;
		if (!entry.access)
			continue;
		devrules_format(&entry, buf);
		add_write(w, file, arena_copy(a, buf, strlen(buf)), a);
	}
}

/* Grants first. Under default allow taking an exception away is the grant. */
static void add_difference(struct writes *w, const struct devlist_state *from,
			   const struct device_policy *to, struct arena *a)
{
	const struct device_policy old = {from->allow, from->entries, from->n};
	const struct device_policy *more = to->allow ? &old : to, *less = to->allow ? to : &old;

	add_missing(w, allow_file, more, less, a);
	add_missing(w, deny_file, less, more, a);
}

/* The new default by a reset, then every exception. */
static int reset(struct writes *w, const struct devlist_state *from, const struct device_policy *to,
		 const struct devlist_group *group, struct arena *a, struct error *e)
{
	const struct device_policy nothing = {0};

	if (group->has_children)
		return error_set(e, ERROR_HOST,
				 "%s: the device list has to change its default from \"%s\" to "
				 "\"%s\"%s: the kernel refuses that while child cgroups exist; "
				 "remove them, or set the devices before they are made",
				 group->path, from->allow ? "allow" : "deny",
				 to->allow ? "allow" : "deny",
				 from->allow && to->allow ? " with known exceptions" : "");
	if (group->live && !to->allow && to->n)
		return DEVLIST_E_WINDOW;
	add_write(w, to->allow ? allow_file : deny_file, "a", a);
	add_missing(w, to->allow ? deny_file : allow_file, to, &nothing, a);
	return 0;
}

int devlist_transition(struct devlist_write **ret, size_t *ret_n, const struct devlist_state *from,
		       const struct device_policy *to, const struct devlist_group *group,
		       struct arena *a, struct error *e)
{
	struct device_policy closed = devlist_close(to, a);
	struct writes w = {0};
	int r;

	if (!from->exceptions_known || !devlist_matches(from, to, a)) {
		if (from->exceptions_known && from->allow == to->allow) {
			add_difference(&w, from, &closed, a);
		} else {
			r = reset(&w, from, &closed, group, a, e);
			if (r)
				return r;
		}
	}
	*ret = w.items;
	*ret_n = w.n;
	return 0;
}
