using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Tensors;

public class ShapeTests
{
    [Fact]
    public void A_shape_knows_its_sizes_from_both_ends()
    {
        Shape shape = [2, 3, 4];
        Assert.Equal(3, shape.Rank);
        Assert.Equal(24, shape.Count);
        Assert.Equal((2, 3, 4), (shape[0], shape[1], shape[2]));
        Assert.Equal((4, 3, 2), (shape[-1], shape[-2], shape[-3]));
        Assert.Equal(1, shape.Axis(-2));
        Assert.Equal("[2, 3, 4]", shape.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => shape[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => shape[-4]);
    }

    [Fact]
    public void A_scalar_has_no_axis_and_one_element()
    {
        Shape scalar = [];
        Assert.Equal((0, 1L), (scalar.Rank, scalar.Count));
        Assert.Equal("[]", scalar.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => scalar[0]);
    }

    [Fact]
    public void Axes_are_exchanged_removed_and_added()
    {
        Shape shape = [2, 3, 4];
        Assert.Equal([2, 3, 7], shape.With(-1, 7));
        Assert.Equal([2, 4], shape.Without(1));
        Assert.Equal([9, 2, 3, 4], shape.Prepend(9));
        Assert.Equal([2, 3, 4, 9], shape.Append(9));
    }

    [Fact]
    public void Shapes_are_equal_if_their_sizes_are()
    {
        Shape shape = [2, 3], same = [2, 3];
        Assert.True(shape == same);
        Assert.Equal(shape.GetHashCode(), same.GetHashCode());
        Assert.True(shape != [3, 2]);
        Assert.True(shape != [2, 3, 1]);
        Assert.True(new Shape() == []);
    }

    [Fact]
    public void Impossible_sizes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new Shape(2, -1));
        Assert.Throws<ArgumentException>(() => new Shape(1, 1, 1, 1, 1, 1, 1));
        Assert.Throws<OverflowException>(() => new Shape(int.MaxValue, int.MaxValue, int.MaxValue).Count);
    }

    // The rules and examples of NumPy's manual, "General broadcasting rules".
    [Theory]
    [InlineData("256,256,3", "3", "256,256,3")]
    [InlineData("8,1,6,1", "7,1,5", "8,7,6,5")]
    [InlineData("5,4", "1", "5,4")]
    [InlineData("15,3,5", "15,1,5", "15,3,5")]
    [InlineData("15,3,5", "3,1", "15,3,5")]
    [InlineData("3", "", "3")]
    [InlineData("0,3", "1,3", "0,3")]
    public void Shapes_broadcast_as_in_NumPy(string a, string b, string expected)
    {
        Assert.Equal(Parse(expected), Shape.Broadcast(Parse(a), Parse(b), "Add"));
        Assert.Equal(Parse(expected), Shape.Broadcast(Parse(b), Parse(a), "Add"));
    }

    [Fact]
    public void Shapes_that_do_not_go_together_are_named()
    {
        ShapeException error = Assert.Throws<ShapeException>(() => Shape.Broadcast([2, 1], [8, 4, 3], "Add"));
        Assert.StartsWith("Add: [2, 1] and [8, 4, 3]", error.Message, StringComparison.Ordinal);
    }

    private static Shape Parse(string sizes) =>
        new([.. sizes.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)]);
}
