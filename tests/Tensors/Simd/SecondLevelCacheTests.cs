using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

public sealed class SecondLevelCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caches").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("1024", 1048576)]
    [InlineData(" 16384 ", 16777216)]
    public void The_variable_says_the_size_in_kilobytes(string setting, int bytes) => Assert.Equal(bytes, SecondLevelCache.Find(setting).Bytes);

    [Theory]
    [InlineData("1M")]
    [InlineData("48,1024")]
    [InlineData("-1024")]
    [InlineData("99999999999")]
    [InlineData("2097152")]
    [InlineData("0")]
    public void Anything_else_in_the_variable_is_refused_in_one_line(string setting) => Assert.Equal(
        $"MINIGPT_L2_KB is '{setting}': the kilobytes of the second-level cache expected, such as 1024",
        Assert.Throws<ArgumentException>(() => SecondLevelCache.Find(setting)).Message);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void This_machine_tells_a_size_that_processors_have(string? setting) =>
        Assert.InRange(SecondLevelCache.Find(setting).Bytes, 64 << 10, 256 << 20);

    [Fact]
    public void Files_as_Linux_has_them_tell_the_size()
    {
        // An Ampere Altra: 64 KB for instructions, 64 KB for data, 1 MB of second-level cache, 32 MB shared by all.
        Write(0, "1", "Data", "64K");
        Write(1, "1", "Instruction", "64K");
        Write(2, "2", "Unified", "1024K");
        Write(3, "3", "Unified", "32768K");
        Assert.Equal(1 << 20, SecondLevelCache.FromFiles(_folder).Bytes);
    }

    [Fact]
    public void Files_that_are_missing_or_say_nothing_leave_the_usual_size()
    {
        Assert.Equal(512 << 10, SecondLevelCache.FromFiles(Path.Combine(_folder, "none")).Bytes);
        Write(0, "2", "Instruction", "64K");
        Write(1, "2", "Unified", "many");
        Write(2, "2", "Unified", "0K");
        Assert.Equal(512 << 10, SecondLevelCache.FromFiles(_folder).Bytes);
    }

    private void Write(int index, string level, string type, string size)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, $"index{index}")).FullName;
        File.WriteAllText(Path.Combine(folder, "level"), level + "\n");
        File.WriteAllText(Path.Combine(folder, "type"), type + "\n");
        File.WriteAllText(Path.Combine(folder, "size"), size + "\n");
    }
}
