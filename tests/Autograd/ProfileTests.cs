using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Autograd;

/// <summary>What a profile counts of a graph.</summary>
public sealed class ProfileTests : IDisposable
{
    private readonly Tape<double> _tape = new();

    public void Dispose() => _tape.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_product_counts_its_multiplications_and_additions_once_for_its_values_and_once_for_each_gradient(bool wantsA, bool wantsB)
    {
        _tape.Profile = new Profile();
        Variable<double> a = X(wantsA, 5, 2, 3), b = X(wantsB, 4, 3), c = X(true, 5, 2, 4);
        _tape.Backward((a.MatMul(b, transposeB: true) + c).Sum());
        double operations = 2.0 * 5 * 2 * 3 * 4;
        Assert.Equal(wantsA || wantsB ? operations : 0, Operations(ProfilePass.Forward));
        Assert.Equal(operations * ((wantsA ? 1 : 0) + (wantsB ? 1 : 0)), Operations(ProfilePass.Backward));
    }

    [Fact]
    public void A_gated_activation_is_called_by_its_function()
    {
        X(true, 2, 4).GatedActivation<double, SiluFunction<double>>();
        Assert.Equal("GatedSilu", Assert.Single(_tape.Nodes.ToArray()).Name);
    }

    private double Operations(ProfilePass pass) =>
        _tape.Profile!.Entries.Where(entry => entry.Name == "MatMul" && entry.Pass == pass).Sum(entry => entry.Operations);

    private Variable<double> X(bool requiresGradient, params int[] sizes)
    {
        var values = new Tensor<double>(new Shape(sizes));
        return requiresGradient ? _tape.Leaf(values) : _tape.Constant(values);
    }
}
