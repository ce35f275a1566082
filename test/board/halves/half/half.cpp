// The reloadable half in C++. SPDX-License-Identifier: MIT
#include "half.hpp"

template <class T> T twice_version(T x)
{
    return x + x;
}
template int twice<int>(int);

int Shape::area() const
{
    return size * size;
}

namespace
{
class Local : public Shape
{
public:
    int area() const override { return 1000 + size; } // version
};
Local local;

struct Constructed {
    int value;
    Constructed() : value(half_limit() * 10) {}
};
Constructed constructed_object;
} // namespace

Shape *make_local_shape()
{
    return &local;
}

inline int offset(int x)
{
    return x + 30;
}

int (*make_inline())(int)
{
    return offset;
}

Task *make_task()
{
    static Task task;
    return &task;
}

int (*make_lambda())(int)
{
    return [](int x) { return x + 500; };
}

int half_counts()
{
    return counter()++;
}

int half_limit()
{
    return limit++;
}

namespace deep
{
int half_boxes()
{
    Box<int> box(1);
    return Box<int>::made;
}

int constructed()
{
    return constructed_object.value;
}
} // namespace deep
