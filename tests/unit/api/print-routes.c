/* Prints every route of the router: METHOD PATH PERMISSION, for tests/lint/routes.py. */
#include "api/api.h"

#include <stdio.h>

int main(void)
{
    for (const struct http_route *r = api_routes(); r->method; r++)
        printf("%s %s %s\n", r->method, r->path,
               r->flags & ROUTE_PUBLIC ? "public" : r->permission);
    return 0;
}
