/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgpath - cgroup paths, component by component
 *
 * A clean path starts with "/", has no "//", "." or ".." and no "/" at the end;
 * the root is "/". Every function but cgpath_clean expects clean paths. A prefix
 * of bytes is not a parent: "/vm1" has nothing to do with "/vm10".
 */
#ifndef VMCG_HOOK_CGPATH_H
#define VMCG_HOOK_CGPATH_H

#include <stdbool.h>

#include "oci/arena.h"
#include "oci/error.h"

enum { CGPATH_MAX_NAME = 255, CGPATH_MAX = 4095 };

/*
 * Clean "/" + path lexically: ".." never escapes. why says where the path comes
 * from ("/linux/cgroupsPath") and opens the message. ERROR_INPUT: a newline, a
 * component over 255 bytes, over 4095 bytes in all, the root cgroup.
 */
int cgpath_clean(const char **ret, struct arena *a, const char *path, const char *why,
		 struct error *e);

/* base with tail below it; tail may be relative or start with "/". */
const char *cgpath_join(struct arena *a, const char *base, const char *tail);

/* "/a/b" gives "/a", "/a" gives "/", "/" gives NULL. */
const char *cgpath_parent(struct arena *a, const char *path);

/* The last component, a pointer into path; "" for the root. */
const char *cgpath_name(const char *path);

/* The number of components: 0 for the root. */
size_t cgpath_depth(const char *path);

/* The first n components: cgpath_head("/a/b/c", 2) is "/a/b"; 0 gives "/". */
const char *cgpath_head(struct arena *a, const char *path, size_t n);

/* Is path truly below ancestor? Everything but "/" is below "/". */
bool cgpath_below(const char *path, const char *ancestor);

/* The same, or the two are equal. */
bool cgpath_within(const char *path, const char *ancestor);

/* Are the last components of path those of tail ("a/b" or "/a/b")? An empty tail is not. */
bool cgpath_ends_with(const char *path, const char *tail);

/* What of path lies below ancestor, a pointer into path without a leading "/"; ""
 * when they are equal, NULL when path is not within ancestor. */
const char *cgpath_relative(const char *path, const char *ancestor);

/*
 * The directory of a cgroup: the mount point, and what of path lies below root,
 * the part of the hierarchy that the mount shows. NULL when it shows another part.
 */
const char *cgpath_on_disk(struct arena *a, const char *mount, const char *root, const char *path);

#endif
