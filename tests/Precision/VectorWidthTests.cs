using System.Diagnostics;
using System.Globalization;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Precision;

/// <summary>The precision tests again at the widths that this machine has besides its own, each in a process of its own.</summary>
public class VectorWidthTests
{
    private const string Expected = "MINIGPT_VECTOR_BITS";

    private static readonly string[] s_flags = ["DOTNET_EnableAVX512", "DOTNET_EnableAVX2", "DOTNET_EnableHWIntrinsic"];

    [Theory]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    [InlineData("DOTNET_EnableHWIntrinsic", 0)]
    public void Kernels_are_as_precise_at_other_widths(string flag, int bits)
    {
        Assert.SkipWhen(
            s_flags.Any(known => Environment.GetEnvironmentVariable(known) is not null), "The width of this process was chosen, too.");
        Assert.SkipWhen(VectorWidth.Bits <= bits, $"This machine has {VectorWidth.Bits} bits.");
        string tests = typeof(VectorWidthTests).Assembly.Location;
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { "exec", tests, "-namespace", typeof(VectorWidthTests).Namespace!, "-noLogo", "-noColor" },
            Environment = { [flag] = "0", [Expected] = bits.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true,
        };
        using Process child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(child.ExitCode == 0, $"With {flag}=0: {output}");
        Assert.Matches(@"Total: [1-9]\d+, Errors: 0, Failed: 0", output);
    }

    [Fact]
    public void The_width_is_the_one_that_was_asked_for()
    {
        string expected = Environment.GetEnvironmentVariable(Expected) ?? VectorWidth.Bits.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(expected, VectorWidth.Bits.ToString(CultureInfo.InvariantCulture));
        Assert.Contains(VectorWidth.Bits, (int[])[0, 128, 256, 512]);
    }
}
