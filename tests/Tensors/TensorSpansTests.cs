using System.Numerics.Tensors;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Tensors;

public class TensorSpansTests
{
    [Fact]
    public void The_platforms_operations_work_on_our_memory_and_on_views_of_it()
    {
        MiniGpt.Tensors.Tensor<float> tensor = MiniGpt.Tensors.Tensor<float>.From([1, 2, 3, 4, 5, 6], [2, 3]);
        TensorSpan<float> span = tensor.AsTensorSpan();
        Assert.Equal(21, System.Numerics.Tensors.Tensor.Sum<float>(span));
        span[1, 2] = 60;
        Assert.Equal(60, tensor[1, 2]);
        ReadOnlyTensorSpan<float> turned = tensor.Transpose(0, 1).AsReadOnlyTensorSpan();
        Assert.Equal((3, 2), ((int)turned.Lengths[0], (int)turned.Lengths[1]));
        Assert.Equal([1, 4, 2, 5, 3, 60], turned.ToTensor().Span.ToArray());
        Assert.Equal([2, 5], tensor.Slice(1, 1, 1).AsReadOnlyTensorSpan().ToTensor().Span.ToArray());
    }

    [Fact]
    public void What_comes_from_the_platform_is_copied_and_what_repeats_itself_is_refused()
    {
        System.Numerics.Tensors.Tensor<double> theirs = System.Numerics.Tensors.Tensor.Create([1.0, 2, 3, 4], [2, 2]);
        MiniGpt.Tensors.Tensor<double> ours = theirs.AsReadOnlyTensorSpan().ToTensor();
        Assert.Equal([2, 2], ours.Shape);
        Assert.Equal([1, 2, 3, 4], ours.Span.ToArray());
        Assert.Throws<ArgumentException>(() => { _ = MiniGpt.Tensors.Tensor<double>.From([1], [1]).BroadcastTo([3]).AsTensorSpan(); });
    }
}
