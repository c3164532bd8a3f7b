using System.Numerics;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Parity;
using MiniGpt.Tests.Properties;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Optimization;

/// <summary>Ten recorded steps of PyTorch's, and what must hold for parts of a matrix.</summary>
[Collection("Alone")]
public sealed class MuonUpdateTests
{
    [Theory]
    [InlineData("square")]
    [InlineData("wide")]
    [InlineData("tall")]
    public void Ten_steps_are_those_that_PyTorch_makes(string matrix)
    {
        AssertTenSteps<double>(matrix, 1e-9);
        AssertTenSteps<float>(matrix, 1e-4);
    }

    [Fact]
    public void Parts_of_a_matrix_are_updated_as_matrices_of_their_own() => Property.Check(s =>
    {
        Tensor<double> value = GradientProperty.Any(s, 0, [s.A + s.B + s.C, s.D]), gradient = GradientProperty.Any(s, 1, value.Shape);
        Tensor<double> together = Samples.Copy(value), apart = Samples.Copy(value), momentum = new(value.Shape), momentumApart = new(value.Shape);
        var one = new MuonUpdate<double>(MuonPolynomials.Jordan);
        one.Add(together, gradient, momentum, s.A, s.B, s.C);
        var three = new MuonUpdate<double>(MuonPolynomials.Jordan);
        int start = 0;
        foreach (int rows in (ReadOnlySpan<int>)[s.A, s.B, s.C])
        {
            three.Add(apart.Slice(0, start, rows), gradient.Slice(0, start, rows), momentumApart.Slice(0, start, rows));
            start += rows;
        }

        for (int step = 0; step < 2; step++)
        {
            one.Apply(0.1, 0.9, 0.1, 0.5, nesterov: s.Flag());
            three.Apply(0.1, 0.9, 0.1, 0.5, nesterov: s.Flag());
        }

        Assert.Equal(apart.Span.ToArray(), together.Span.ToArray());
        Assert.Equal(momentumApart.Span.ToArray(), momentum.Span.ToArray());
        Assert.NotEqual(value.Span.ToArray(), together.Span.ToArray());
    });

    [Fact]
    public void Without_Nesterov_the_step_goes_along_the_mean_of_the_scaled_gradients()
    {
        Tensor<double> value = new([5, 3]), gradient = Samples.Random<double>([5, 3], 1), momentum = Samples.Random<double>([5, 3], 2);
        Tensor<double> expected = new([5, 3]), mean = new([5, 3]);
        Elementwise.Scale(gradient, 0.5 * 0.6, mean);
        Elementwise.Scale(momentum, 0.5, mean, accumulate: true);
        NewtonSchulz.Orthogonalize(mean, [.. MuonPolynomials.FourSteps], expected);
        Elementwise.Scale(expected, -0.1 * Math.Sqrt(5.0 / 3), expected);
        var muon = new MuonUpdate<double>(MuonPolynomials.FourSteps);
        muon.Add(value, gradient, momentum);
        muon.Apply(0.1, 0.5, 0, gradientScale: 0.6, nesterov: false);
        SafetensorsFixture.AssertClose("value", expected, value, 1e-12);
        SafetensorsFixture.AssertClose("momentum", mean, momentum, 1e-12);
    }

    [Fact]
    public void Results_are_the_same_bits_on_any_number_of_threads() => SameBits.AssertOnAnyNumberOfThreads(() =>
    {
        (MuonUpdate<float> muon, Tensor<float>[] values) = Several();
        muon.Apply(0.02, 0.95, 0.1, 0.7);
        muon.Apply(0.02, 0.95, 0.1, 0.7);
        return values.SelectMany(value => value.Span.ToArray()).ToArray();
    });

    [Fact]
    public void Updates_allocate_nothing_once_they_are_warm()
    {
        (MuonUpdate<float> muon, _) = Several();
        Allocations.AssertNone(() => muon.Apply(0.02, 0.95, 0.1));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        var muon = new MuonUpdate<float>(MuonPolynomials.Jordan);
        Tensor<float> matrix = new([6, 4]), other = new([4, 6]), vector = new([6]);
        Assert.Throws<ShapeException>(() => muon.Add(matrix, other, matrix));
        Assert.Throws<ShapeException>(() => muon.Add(matrix, matrix, other));
        Assert.Throws<ShapeException>(() => muon.Add(vector, vector, vector));
        Assert.Throws<InvalidOperationException>(() => muon.Add(matrix, other.Transpose(0, 1), matrix));
        Assert.Throws<ArgumentException>(() => muon.Add(matrix, matrix, matrix, 3, 2));
        Assert.Throws<ArgumentException>(() => muon.Add(matrix, matrix, matrix, 6, 0));
        Assert.Throws<ArgumentException>(() => new MuonUpdate<float>([]));
    }

    private static void AssertTenSteps<T>(string matrix, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var fixture = new SafetensorsFixture("family", "muon.safetensors");
        Tensor<T> value = fixture.Read<T>($"{matrix}/start"), gradient = new(value.Shape), momentum = new(value.Shape);
        var muon = new MuonUpdate<T>(MuonPolynomials.Jordan);
        muon.Add(value, gradient, momentum);
        for (int step = 0; step < 10; step++)
        {
            fixture.Read<T>($"{matrix}/gradient{step}").Span.CopyTo(gradient.Span);
            if (step == 0)
            {
                Tensor<T> direction = new(value.Shape);
                NewtonSchulz.Orthogonalize(gradient, [.. MuonPolynomials.Jordan], direction);
                SafetensorsFixture.AssertClose("the first update", fixture.Read<double>($"{matrix}/update0"), direction, Math.Max(tolerance, 1e-7));
            }

            muon.Apply(0.02, 0.95, 0.1);
        }

        SafetensorsFixture.AssertClose("value", fixture.Read<double>($"{matrix}/end"), value, tolerance);
        SafetensorsFixture.AssertClose("momentum", fixture.Read<double>($"{matrix}/momentum"), momentum, tolerance);
    }

    private static (MuonUpdate<float> Muon, Tensor<float>[] Values) Several()
    {
        var muon = new MuonUpdate<float>(MuonPolynomials.Jordan);
        Tensor<float>[] values = [.. ((Shape[])[[96, 64], [64, 33], [300, 250], [7, 50]]).Select((shape, i) => Samples.Random<float>(shape, i))];
        foreach (Tensor<float> value in values)
            muon.Add(value, Samples.Random<float>(value.Shape, 9), new Tensor<float>(value.Shape), value.Shape[0] - 3, 3);

        return (muon, values);
    }
}
