using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

public sealed class CacheSizesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caches").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("32,1024", 32768, 1048576)]
    [InlineData(" 48 , 2048 ", 49152, 2097152)]
    public void The_variable_says_the_sizes_in_kilobytes(string setting, int first, int second) =>
        Assert.Equal(new CacheSizes(first, second), CacheSizes.Find(setting));

    [Theory]
    [InlineData("32")]
    [InlineData("32,1024,8192")]
    [InlineData("32K,1M")]
    [InlineData("-32,1024")]
    [InlineData("32,99999999999")]
    [InlineData("0,1024")]
    public void Anything_else_in_the_variable_is_refused_in_one_line(string setting)
    {
        string message = Assert.Throws<ArgumentException>(() => CacheSizes.Find(setting)).Message;
        Assert.Equal(
            $"MINIGPT_CACHES_KB is '{setting}': the kilobytes of the first- and second-level caches expected, such as 32,1024", message);
    }

    [Fact]
    public void This_machine_tells_sizes_that_processors_have()
    {
        foreach (string? setting in (ReadOnlySpan<string?>)[null, "", "  "])
        {
            CacheSizes found = CacheSizes.Find(setting);
            Assert.InRange(found.First, 8 << 10, 1 << 20);
            Assert.InRange(found.Second, 64 << 10, 256 << 20);
        }
    }

    [Fact]
    public void Files_as_Linux_has_them_tell_the_caches_of_data()
    {
        // An Ampere Altra: 64 KB for instructions, 64 KB for data, 1 MB of second-level cache, 32 MB shared by all.
        Write(0, "1", "Data", "64K");
        Write(1, "1", "Instruction", "32K");
        Write(2, "2", "Unified", "1024K");
        Write(3, "3", "Unified", "32768K");
        Assert.Equal(new CacheSizes(64 << 10, 1 << 20), CacheSizes.FromFiles(_folder));
    }

    [Fact]
    public void Files_that_are_missing_or_say_nothing_leave_the_usual_sizes()
    {
        Assert.Equal(new CacheSizes(32 << 10, 512 << 10), CacheSizes.FromFiles(Path.Combine(_folder, "none")));
        Write(0, "1", "Data", "");
        Write(1, "2", "Unified", "many");
        Write(2, "0", "Unified", "64K");
        Assert.Equal(new CacheSizes(32 << 10, 512 << 10), CacheSizes.FromFiles(_folder));
    }

    private void Write(int index, string level, string type, string size)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, $"index{index}")).FullName;
        File.WriteAllText(Path.Combine(folder, "level"), level + "\n");
        File.WriteAllText(Path.Combine(folder, "type"), type + "\n");
        File.WriteAllText(Path.Combine(folder, "size"), size + "\n");
    }
}
