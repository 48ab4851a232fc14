import numpy as np, pytest
from harness import evaluate, central_difference_forces
HEAD="units metal\natom_style charge\nread_data data.test\n"
S="pair_style coul/slater/long slater 10.0\npair_coeff 1 1 0.9\npair_coeff 2 2 1.5\npair_coeff 3 3 1.2\n"
def test_streitz(li7p3s11,data_file,tmp_path):
    data_file(li7p3s11)
    one=evaluate(HEAD+S+"kspace_style ewald 1e-9\n",tmp_path)
    (tmp_path/'p').write_text("".join(f"{e} 0 0 0 {0} {z} {0}\n".replace(f"0 0 0 0","x") for e,z in ()))
    f="# \n"+"Li 0 0 0.9 0 0\nP 0 0 1.5 0 0\nS 0 0 1.2 0 0\n"
    (tmp_path/'p').write_text("# DATE: 2026-01-01\n"+f)
    two=evaluate(HEAD+"pair_style coul/streitz 10.0 ewald\npair_coeff * * p Li P S\nkspace_style ewald 1e-9\n",tmp_path)
    print(one.energy,two.energy,np.abs(one.forces-two.forces).max(),np.abs(one.forces).max())
    assert 0
@pytest.mark.parametrize("k",["ewald 1e-9","pppm 1e-6"])
def test_fd(li7p3s11,data_file,tmp_path,k):
    def energy(pos):
        a=li7p3s11.copy(); a.positions=pos; data_file(a)
        return evaluate(HEAD+S+f"kspace_style {k}\n",tmp_path).energy
    data_file(li7p3s11)
    r=[evaluate(HEAD+S+f"kspace_style {k}\n",tmp_path,n) for n in (1,2,4)]
    print([x.energy/r[0].energy-1 for x in r],[np.abs(x.forces-r[0].forces).max() for x in r])
    fd=central_difference_forces(energy,li7p3s11.positions,[0,20],1e-3)
    print(fd-r[0].forces[[0,20]])
    assert 0
