using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Tensors;

public class TensorTests
{
    private readonly Tensor<int> _tensor = Tensor<int>.From([.. Enumerable.Range(0, 24)], [2, 3, 4]);

    [Fact]
    public void A_new_tensor_is_zero_and_contiguous()
    {
        var tensor = new Tensor<double>([3, 5]);
        Assert.True(tensor.IsContiguous);
        Assert.False(tensor.IsEmpty);
        Assert.True(default(Tensor<double>).IsEmpty);
        Assert.All(tensor.Span.ToArray(), x => Assert.Equal(0, x));
        Assert.Equal((5, 1), (tensor.Stride(0), tensor.Stride(-1)));
    }

    [Fact]
    public void Elements_are_found_by_their_indices()
    {
        Assert.Equal(23, _tensor[1, 2, 3]);
        _tensor[0, 1, 2] = -1;
        Assert.Equal(-1, _tensor.Span[6]);
        Assert.Throws<ArgumentException>(() => _tensor[1, 2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _tensor[0, 3, 0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _tensor[0, -1, 0]);
    }

    [Fact]
    public void Views_share_their_elements()
    {
        Tensor<int> turned = _tensor.Transpose(0, 2);
        Assert.Equal([4, 3, 2], turned.Shape);
        Assert.False(turned.IsContiguous);
        Assert.Equal(_tensor[1, 0, 3], turned[3, 0, 1]);
        turned[3, 0, 1] = 100;
        Assert.Equal(100, _tensor[1, 0, 3]);
        Assert.True(turned.Transpose(-1, 0).IsContiguous);
        Assert.Equal(100, _tensor.Reshape([4, 6])[2, 3]);
    }

    [Fact]
    public void A_slice_of_the_outer_axis_stays_contiguous_and_others_do_not()
    {
        Assert.Equal(Enumerable.Range(12, 12), _tensor.Slice(0, 1, 1).Span.ToArray());
        Tensor<int> middle = _tensor.Slice(1, 1, 2);
        Assert.Equal([2, 2, 4], middle.Shape);
        Assert.Equal(_tensor[1, 2, 0], middle[1, 1, 0]);
        Assert.Throws<InvalidOperationException>(() => middle.Span.Length);
        Assert.Throws<InvalidOperationException>(() => middle.Reshape([16]));
        Assert.Equal([2, 0, 4], _tensor.Slice(1, 3, 0).Shape);
    }

    [Theory]
    [InlineData(1, -1, 1)]
    [InlineData(1, 0, 4)]
    [InlineData(1, 3, 1)]
    [InlineData(1, 0, -1)]
    [InlineData(1, int.MaxValue, 2)]
    [InlineData(3, 0, 1)]
    public void A_slice_outside_of_the_tensor_is_refused(int axis, int start, int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _tensor.Slice(axis, start, length));

    [Fact]
    public void Broadcasting_repeats_without_copying()
    {
        Tensor<int> column = Tensor<int>.From([1, 2, 3], [3, 1]);
        Tensor<int> broadcast = column.BroadcastTo([2, 3, 4]);
        Assert.Equal((0, 1, 0), (broadcast.Stride(0), broadcast.Stride(1), broadcast.Stride(2)));
        Assert.Equal((2, 2), (broadcast[0, 1, 0], broadcast[1, 1, 3]));
        Assert.False(broadcast.IsContiguous);
        Assert.Throws<ShapeException>(() => column.BroadcastTo([4, 4]));
        Assert.Throws<ShapeException>(() => column.BroadcastTo([3]));
    }

    [Fact]
    public void A_reshape_keeps_the_number_of_elements()
    {
        Assert.Equal(Enumerable.Range(0, 24), _tensor.Reshape([24]).Span.ToArray());
        Assert.Throws<ShapeException>(() => _tensor.Reshape([5, 5]));
        Assert.Throws<ArgumentException>(() => Tensor<int>.From([1, 2, 3], [2]));
    }

    [Fact]
    public void Axes_of_size_one_leave_no_gaps_and_a_tensor_may_have_no_elements()
    {
        Assert.True(new Tensor<float>([1, 5, 1]).Transpose(0, 1).IsContiguous);
        Assert.Equal(0, new Tensor<float>([3, 0]).Span.Length);
    }
}
